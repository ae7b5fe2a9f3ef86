import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout, seen from the built `dist/bench/support`. */
export const checkoutRoot = join(
	dirname(fileURLToPath(import.meta.url)),
	"..",
	"..",
	"..",
);

const sharedRoot =
	process.env.ARCHIVER_SHARED_DATA ??
	join(checkoutRoot, "..", "shared", "data");

/** Path of real data that lies beside a developer's checkout; undefined where it is not there, and benches make their own. */
export function sharedData(...path: string[]): string | undefined {
	const full = join(sharedRoot, ...path);
	return existsSync(full) ? full : undefined;
}
