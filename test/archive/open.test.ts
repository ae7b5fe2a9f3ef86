import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../lib/archive/open.js";
import { testCluster } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("opening an archive", () => {
	const folder = useTempFolder();

	it("makes one where there is none, in the columnar format unless told otherwise", async () => {
		const path = join(folder(), "a", "b");
		const archive = await openArchive(`file:${path}`);
		expect(archive.format).to.equal("columnar");
		expect(archive.target).to.equal(`file:${path}`);
		expect(await readFile(join(path, "version.txt"), "utf8")).to.equal("3\n");
		await archive.close();
		expect((await readdir(path)).sort()).to.deep.equal([
			"hpc-job-archiver.json",
			"version.txt",
		]);
		const json = await openArchive(join(folder(), "c"), { format: "json" });
		expect(json.format).to.equal("json");
	});

	it("remembers the format that an archive was made with", async () => {
		for (const format of ["columnar", "json"] as const) {
			const path = join(folder(), format);
			await openArchive(path, { format });
			expect((await openArchive(path)).format).to.equal(format);
			const other = format === "json" ? "columnar" : "json";
			const told = await openArchive(path, { format: other });
			expect(told.format).to.equal(other);
			expect((await openArchive(path)).format).to.equal(format);
		}
	});

	it("takes paths, file: and ClusterCockpit's configuration for the same", async () => {
		const path = relative(process.cwd(), folder());
		const archive = await openArchive(path);
		await archive.storeClusterConfig("testcluster", testCluster());
		for (const target of [`file:${path}`, { kind: "file", path }, folder()]) {
			const again = await openArchive(target);
			expect(await again.clusters()).to.deep.equal(["testcluster"]);
		}
	});

	it("writes json to an archive that ClusterCockpit made", async () => {
		await writeFile(join(folder(), "version.txt"), "3");
		expect((await openArchive(folder())).format).to.equal("json");
	});

	it("reads the real archive", async function () {
		const path = sharedData("archive");
		if (path === undefined) this.skip();
		const archive = await openArchive(path, { readOnly: true });
		expect(archive.format).to.equal("json");
		expect(await archive.clusters()).to.deep.equal(["alex", "emmy", "fritz"]);
		const { jobs, clusters } = await archive.info();
		expect(jobs).to.equal(1);
		expect(clusters.emmy.formats).to.deep.equal({ columnar: 0, json: 1 });
	});

	it("refuses another version", async () => {
		for (const version of ["2", "4\n", "", "three"]) {
			await writeFile(join(folder(), "version.txt"), version);
			const error = await rejected(openArchive(folder()));
			expect(error.code).to.equal("ARCHIVE_VERSION");
			expect(error.details.received).to.equal(version.trim());
		}
	});

	it("refuses a folder that holds something else, and leaves it alone", async () => {
		await writeFile(join(folder(), "thesis.txt"), "");
		const error = await rejected(openArchive(folder()));
		expect(error.code).to.equal("ARCHIVE_VERSION");
		expect(await readdir(folder())).to.deep.equal(["thesis.txt"]);
	});

	it("refuses a file, and a marker that it cannot read", async () => {
		const file = join(folder(), "file");
		await writeFile(file, "");
		const error = await rejected(openArchive(file));
		expect(error.code).to.equal("ARCHIVE_UNREADABLE");
		const path = join(folder(), "archive");
		await openArchive(path);
		for (const text of ["", "{}", "null", '{"format":"xml"}']) {
			await writeFile(join(path, "hpc-job-archiver.json"), text);
			const error = await rejected(openArchive(path));
			expect(error.code).to.equal("DATA_CORRUPT");
		}
	});

	it("makes nothing where it is told not to", async () => {
		const path = join(folder(), "none");
		await mkdir(join(folder(), "empty"));
		for (const [target, options] of [
			[path, { create: false }],
			[path, { readOnly: true }],
			[join(folder(), "empty"), { create: false }],
		] as const) {
			const error = await rejected(openArchive(target, options));
			expect(error.code).to.equal("ARCHIVE_UNREADABLE");
			expect(error.retryable).to.equal(false);
		}
		expect(await readdir(folder())).to.deep.equal(["empty"]);
	});

	it("refuses kinds that it does not know, without telling their secrets", async () => {
		const config = {
			kind: "tape",
			endpoint: "x",
			"secret-key": "geheim",
		};
		for (const target of [config, "tape://reel?secret-key=geheim"]) {
			const error = await rejected(openArchive(target));
			expect(error.code).to.equal("ARCHIVE_VERSION");
			expect(JSON.stringify([error.message, error.details])).not.to.include(
				"geheim",
			);
		}
	});

	it("refuses targets and options that are none", async () => {
		for (const target of [
			"",
			"file:",
			{ kind: "file" },
			"sqlite:",
			{ kind: "sqlite", path: "x.db" },
		])
			expect((await rejected(openArchive(target))).code).to.equal(
				"INVALID_INPUT",
			);
		const error = await rejected(
			openArchive(folder(), {
				format: "xml" as never,
				compression: "most" as never,
				writerParallelFiles: 0,
			}),
		);
		expect(error.code).to.equal("INVALID_OPTION");
		expect(error.details.problems).to.have.length(3);
	});
});
