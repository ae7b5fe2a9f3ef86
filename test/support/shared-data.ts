import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout, seen from the built `dist/test/support`. */
export const checkoutRoot = join(
	dirname(fileURLToPath(import.meta.url)),
	"..",
	"..",
	"..",
);

const sharedRoot =
	process.env.ARCHIVER_SHARED_DATA ??
	join(checkoutRoot, "..", "shared", "data");

let told = false;

/**
 * Path of a file or folder of real data that lies beside a developer's checkout; undefined where it is not there, having
 * said so once on standard error. Tests use seeded data always, and this in addition.
 */
export function sharedData(...path: string[]): string | undefined {
	const full = join(sharedRoot, ...path);
	if (existsSync(full)) return full;
	if (!told) {
		told = true;
		console.warn(
			`      ${full} is not there: tests on real data are skipped (ARCHIVER_SHARED_DATA names another folder)`,
		);
	}
	return undefined;
}
