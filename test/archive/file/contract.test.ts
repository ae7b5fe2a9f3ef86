import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DATA_FILES, jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { JobKey } from "../../../lib/schema/job.js";
import { scriptedFileSystem } from "../../support/scripted-file-system.js";
import { describeArchive } from "../contract/archive-contract.js";
import type { ArchivePlace } from "../contract/archive-place.js";
import { filesBelow } from "./archives.js";

describeArchive("file", filePlace);

function filePlace(folder: string): ArchivePlace {
	const fileSystem = scriptedFileSystem();

	async function dataFile(key: JobKey): Promise<string> {
		const names = await readdir(join(folder, jobFolder(key)));
		const kind = DATA_FILES.find(({ name }) => names.includes(name));
		return join(folder, jobFolder(key), kind?.name ?? "data.hjc");
	}

	return {
		open: (options) =>
			openArchive(`file:${folder}`, { fileSystem, ...options }),
		async contents() {
			const files = await filesBelow(folder);
			return files.filter((name) => name !== "hpc-job-archiver.lock");
		},
		async bytesRead(_archive, _key, read) {
			const before = fileSystem.calls.length;
			await read();
			return fileSystem.calls
				.slice(before)
				.filter(({ name }) => name === "file.read")
				.reduce((sum, { length = 0 }) => sum + length, 0);
		},
		damage: {
			async data(key, change) {
				const path = await dataFile(key);
				const changed = change(await readFile(path));
				if (changed === undefined) await rm(path);
				else await writeFile(path, changed);
			},
			meta: (key, text) =>
				writeFile(join(folder, jobFolder(key), "meta.json"), text),
			cluster: (name, text) =>
				writeFile(join(folder, name, "cluster.json"), text),
			version: (text) => writeFile(join(folder, "version.txt"), text),
		},
	};
}
