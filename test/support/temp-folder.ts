import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder for each test of the surrounding `describe`; removed after the test. Call it there, read it in a test. */
export function useTempFolder(): () => string {
	let folder: string | undefined;
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "hpc-job-archiver-test-"));
	});
	afterEach(async () => {
		if (folder !== undefined)
			await rm(folder, { recursive: true, force: true });
	});
	return () => folder as string;
}
