import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { FileArchive } from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import type { ErrorCode } from "../../../lib/errors.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { exactly, testArchive, testData } from "./archives.js";

const job = testJob();

interface Damage {
	inflict(files: { folder: string; data: string; meta: string }): Promise<void>;
	loadMeta?: ErrorCode;
	loadData?: ErrorCode;
	exists: boolean;
}

const DAMAGES: Record<string, Damage> = {
	"data cut short by a byte": {
		inflict: async ({ data }) =>
			truncate(data, (await readFile(data)).length - 1),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data cut short by half": {
		inflict: async ({ data }) =>
			truncate(data, (await readFile(data)).length >> 1),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data cut off altogether": {
		inflict: ({ data }) => truncate(data, 0),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"a byte of the data flipped": {
		inflict: async ({ data }) => {
			const bytes = await readFile(data);
			bytes[bytes.length >> 1] ^= 0x40;
			await writeFile(data, bytes);
		},
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data missing": {
		inflict: ({ data }) => rm(data),
		loadData: "DATA_CORRUPT",
		exists: false,
	},
	"a folder in place of the data": {
		inflict: async ({ data }) => {
			await rm(data);
			await mkdir(data);
		},
		loadData: "ARCHIVE_UNREADABLE",
		exists: true,
	},
	"meta missing": {
		inflict: ({ meta }) => rm(meta),
		loadMeta: "JOB_UNKNOWN",
		loadData: "JOB_UNKNOWN",
		exists: false,
	},
	"meta cut short": {
		inflict: ({ meta }) => truncate(meta, 20),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
	"meta of another shape": {
		inflict: ({ meta }) => writeFile(meta, '{"jobId":"1001"}'),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
	"meta that is null": {
		inflict: ({ meta }) => writeFile(meta, "null"),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
	"the folder missing": {
		inflict: ({ folder }) => rm(folder, { recursive: true }),
		loadMeta: "JOB_UNKNOWN",
		loadData: "JOB_UNKNOWN",
		exists: false,
	},
};

for (const format of ["columnar", "json"] as const) {
	describe(`damage to a file archive, ${format}`, () => {
		const folder = useTempFolder();

		for (const [name, damage] of Object.entries(DAMAGES)) {
			it(`${name}: says so, and archives the job again`, async () => {
				const archive = await testArchive(folder(), { format });
				await archive.importJob(job, testData(1, 300));
				const place = join(folder(), jobFolder(job));
				const dataName = format === "json" ? "data.json.gz" : "data.hjc";
				await damage.inflict({
					folder: place,
					data: join(place, dataName),
					meta: join(place, "meta.json"),
				});
				expect(await archive.exists(job)).to.equal(damage.exists);
				await expectCode(archive.loadJobMeta(job), damage.loadMeta);
				await expectCode(archive.loadJobData(job), damage.loadData);
				const listed = await listErrors(archive);
				const code =
					damage.loadMeta === "JOB_UNKNOWN"
						? undefined
						: (damage.loadMeta ?? damage.loadData);
				expect(listed).to.deep.equal(code === undefined ? [] : [code]);
				if (damage.loadData === "ARCHIVE_UNREADABLE") return;
				await archive.importJob(job, testData(2, 300));
				expect(exactly(await archive.loadJobData(job))).to.deep.equal(
					exactly(testData(2, 300)),
				);
			});
		}
	});
}

describe("damage to a file archive", () => {
	const folder = useTempFolder();

	it("in a cluster's configuration: says so", async () => {
		const archive = await testArchive(folder());
		const path = join(folder(), "testcluster", "cluster.json");
		for (const text of ["", "{", "[]", '{"name":"testcluster"}']) {
			await writeFile(path, text);
			const error = await rejected(archive.loadClusterConfig("testcluster"));
			expect(error.code).to.equal("DATA_CORRUPT");
			expect(error.details.path).to.equal(path);
		}
		const error = await rejected(archive.loadClusterConfig("other"));
		expect(error.code).to.equal("CLUSTER_UNKNOWN");
	});
});

async function expectCode(
	load: Promise<unknown>,
	code: ErrorCode | undefined,
): Promise<void> {
	if (code === undefined) {
		await load;
		return;
	}
	const error = await rejected(load);
	expect(error.code).to.equal(code);
	const { cluster, jobId, startTime } = job;
	expect(error.details).to.include({ cluster, jobId, startTime });
	expect(error.details.path).to.be.a("string");
	expect(error.message).to.include(error.details.path);
}

async function listErrors(archive: FileArchive): Promise<string[]> {
	const codes: string[] = [];
	for await (const found of archive.iterate({ loadMetricData: true }))
		if ("error" in found) codes.push(found.error.code);
	return codes;
}
