CREATE TABLE `attempts` (
	`order_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`operation` text NOT NULL,
	`state` text NOT NULL,
	`outcome` text,
	`ref` text,
	`reason` text,
	`tries` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`order_id`, `attempt`)
);
--> statement-breakpoint
CREATE TABLE `drops` (
	`drop_id` text PRIMARY KEY NOT NULL,
	`closes_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `operator_log` (
	`entry` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at_ms` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `orders` (
	`order_id` text PRIMARY KEY NOT NULL,
	`drop_id` text NOT NULL,
	`shopper_id` text NOT NULL,
	`reservation_id` text NOT NULL,
	`status` text NOT NULL,
	`cancel_reason` text,
	`money` text NOT NULL,
	`sku_id` text NOT NULL,
	`quantity` integer NOT NULL,
	`total_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`email` text NOT NULL,
	`gateway` text NOT NULL,
	`payment_ref` text,
	`attention` text,
	`placed_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `orders_by_drop` ON `orders` (`drop_id`,`status`);--> statement-breakpoint
CREATE INDEX `orders_by_attention` ON `orders` (`attention`);--> statement-breakpoint
CREATE TABLE `parked_messages` (
	`message_id` text PRIMARY KEY NOT NULL,
	`queue` text NOT NULL,
	`body` text NOT NULL,
	`order_id` text,
	`parked_at_ms` integer NOT NULL,
	`redriven_at_ms` integer
);
