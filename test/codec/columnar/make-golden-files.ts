import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeParts } from "../../support/columnar-files.js";
import { checkoutRoot } from "../../support/shared-data.js";
import { GOLDEN_JOBS } from "./golden-jobs.js";

// Writes the golden files that are not there yet; those that are there stay as they are, for they stand for the
// releases that wrote them. After `npm run build`: node dist/test/codec/columnar/make-golden-files.js
const folder = join(checkoutRoot, "test", "fixtures", "columnar");
await mkdir(folder, { recursive: true });
for (const { file, level, info, parts } of GOLDEN_JOBS)
	await writeFile(join(folder, file), encodeParts(parts(), level, info), {
		flag: "wx",
	}).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "EEXIST") throw error;
	});
