CREATE TABLE `events` (
	`event_id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`body` text NOT NULL,
	`occurred_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `order_mails` (
	`mail_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`type` text NOT NULL,
	`state` text NOT NULL,
	`tries` integer NOT NULL,
	`next_at_ms` integer NOT NULL,
	`last_reason` text,
	`created_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `order_mails_pending` ON `order_mails` (`next_at_ms`) WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX `order_mails_by_order` ON `order_mails` (`order_id`);--> statement-breakpoint
CREATE TABLE `stock_told` (
	`drop_id` text NOT NULL,
	`sku_id` text NOT NULL,
	`stock` integer NOT NULL,
	`available` integer NOT NULL,
	`reserved` integer NOT NULL,
	`sold` integer NOT NULL,
	`times` integer NOT NULL,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`drop_id`, `sku_id`)
);
--> statement-breakpoint
CREATE TABLE `webhook_deliveries` (
	`delivery_id` text PRIMARY KEY NOT NULL,
	`event_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`state` text NOT NULL,
	`tries` integer NOT NULL,
	`next_at_ms` integer NOT NULL,
	`last_status` integer,
	`last_reason` text,
	`created_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_deliveries_pending` ON `webhook_deliveries` (`next_at_ms`) WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX `webhook_deliveries_by_endpoint` ON `webhook_deliveries` (`endpoint_id`,`created_at_ms`);--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`endpoint_id` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`description` text NOT NULL,
	`event_types` text NOT NULL,
	`keys` text NOT NULL,
	`is_enabled` integer NOT NULL,
	`disabled_reason` text,
	`failing_since_ms` integer,
	`created_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `orders` ADD `told` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `told_version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `orders_untold` ON `orders` (`updated_at_ms`) WHERE told_version < version;