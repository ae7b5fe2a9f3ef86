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

/**
 * Path of a file or folder of real data that lies beside a developer's checkout; undefined where it is not there, having
 * said on standard output what that leaves untested, and how to run it. Tests use seeded data always, and this in addition.
 */
export function sharedData(...path: string[]): string | undefined {
	const full = join(sharedRoot, ...path);
	if (existsSync(full)) return full;
	console.log(
		`      skipped: real data are not there: ${full}; to run it: ARCHIVER_SHARED_DATA=FOLDER npm test, where FOLDER/${path.join("/")} is`,
	);
	return undefined;
}
