import { access } from "node:fs/promises";
import { ArchiverError } from "../errors.js";

/** @throws ArchiverError INVALID_OPTION when there is anything at `path` */
export async function refuseExisting(path: string): Promise<void> {
	const exists = await access(path).then(
		() => true,
		() => false,
	);
	if (exists)
		throw new ArchiverError(
			"INVALID_OPTION",
			`${path} is there already; --force replaces it`,
			{ path, field: "force" },
		);
}
