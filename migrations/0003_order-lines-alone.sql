ALTER TABLE `orders` DROP COLUMN `sku_id`;--> statement-breakpoint
ALTER TABLE `orders` DROP COLUMN `quantity`;