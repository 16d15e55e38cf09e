ALTER TABLE `orders` ADD `charges` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `refunded_minor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `fulfillment` text DEFAULT 'unshipped' NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `shipments` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `shipping_address` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `terms_version` text;