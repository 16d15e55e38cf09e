CREATE TABLE `catalog_layouts` (
	`layout_id` text PRIMARY KEY NOT NULL,
	`columns` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `catalog_version` (
	`id` integer PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`shown_version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `product_images` (
	`handle` text NOT NULL,
	`position` integer NOT NULL,
	`url` text NOT NULL,
	`alt_text` text NOT NULL,
	PRIMARY KEY(`handle`, `position`)
);
--> statement-breakpoint
CREATE TABLE `product_variants` (
	`handle` text NOT NULL,
	`position` integer NOT NULL,
	`sku` text,
	`options` text NOT NULL,
	`price_minor` integer NOT NULL,
	`compare_at_minor` integer,
	`barcode` text,
	`image_url` text,
	PRIMARY KEY(`handle`, `position`)
);
--> statement-breakpoint
CREATE INDEX `product_variants_by_sku` ON `product_variants` (`sku`);--> statement-breakpoint
CREATE TABLE `products` (
	`handle` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL,
	`title` text NOT NULL,
	`vendor` text NOT NULL,
	`type` text NOT NULL,
	`tags` text NOT NULL,
	`is_published` integer NOT NULL,
	`currency` text NOT NULL,
	`options` text NOT NULL,
	`body_html` text NOT NULL,
	`layout_id` text NOT NULL,
	`rows` text NOT NULL,
	`version` text NOT NULL,
	`shown_version` text,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `products_by_position` ON `products` (`position`);