import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "chai";
import {
	type DataFormat,
	type Job,
	parseJob,
	serializeJob,
} from "../../lib/index.js";
import type { ArchiveProblem } from "../../lib/maintenance/findings.js";
import type { ProblemCode } from "../../lib/maintenance/problem-codes.js";
import { jobFolder } from "../cli/job-archive.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { archiveJobs, tellingOfOthers, verifyPlace } from "./archived-jobs.js";
import { usePool } from "./seeded-archive.js";

/** What verification has to say of one damage: a code, the job it is about, and the file. */
type Expected = [code: ProblemCode, job?: Job, file?: string];

/** Damages one job, or something beside the jobs, and says what has to be found. */
type Damage = (site: Site, job: Job, another: Job) => Promise<Expected[]>;

const DAMAGES: Record<string, Damage> = {
	"a bit of the file's header flipped": damageData((bytes) => flip(bytes, 2)),
	"a bit of a column flipped": damageData((bytes) => flip(bytes, 40)),
	"a bit of the middle flipped": damageData((bytes) =>
		flip(bytes, bytes.length >> 1),
	),
	"a bit near the end flipped": damageData((bytes) =>
		flip(bytes, bytes.length - 30),
	),
	"a bit of the last bytes flipped": damageData((bytes) =>
		flip(bytes, bytes.length - 2),
	),
	"data cut short": damageData((bytes) => bytes.subarray(0, -9)),
	"data cut off altogether": damageData((bytes) => bytes.subarray(0, 0)),
	"zeros behind the data": damageData((bytes) =>
		Buffer.concat([bytes, Buffer.alloc(16)]),
	),
	"garbage behind the data": damageData((bytes) =>
		Buffer.concat([bytes, Buffer.from("garbage")]),
	),
	"data missing": async (site, job) => {
		await rm(site.data(job));
		return [["DATA_MISSING", job]];
	},
	"a second data file": async (site, job) => {
		await writeFile(join(site.folder(job), "data.json"), "{}");
		return [["DATA_EXTRA", job, join(site.folder(job), "data.json")]];
	},
	"the data of two jobs swapped": async (site, job, another) => {
		const aside = join(site.folder(job), "aside");
		await rename(site.data(job), aside);
		await rename(site.data(another), site.data(job));
		await rename(aside, site.data(another));
		return [
			["META_STALE", job, site.data(job)],
			["META_STALE", another, site.data(another)],
		];
	},
	"meta missing": async (site, job) => {
		await rm(site.meta(job));
		return [
			["META_MISSING", job, site.data(job)],
			["JOB_MISSING", job],
		];
	},
	"meta cut short": async (site, job) => {
		await site.editMeta(job, (text) => text.slice(0, -3));
		return [["META_CORRUPT", job, site.meta(job)]];
	},
	"meta of the wrong shape": async (site, job) => {
		await writeFile(site.meta(job), '{"jobId":"x"}');
		return [["META_CORRUPT", job, site.meta(job)]];
	},
	"the meta of another job": async (site, job) => {
		await site.editMeta(job, (text) =>
			text.replace(`"jobId":${job.jobId}`, '"jobId":4711'),
		);
		return [["META_MISPLACED", job]];
	},
	"the meta of another version of the data": async (site, job) => {
		await site.editMeta(job, (text) =>
			serializeJob(tellingOfOthers(parseJob(JSON.parse(text)))),
		);
		return [["META_STALE", job, site.data(job)]];
	},
	"statistics changed in the meta": async (site, job) => {
		await site.editMeta(job, (text) => {
			const meta = JSON.parse(text);
			meta.statistics.cpu_load.max += 1;
			return JSON.stringify(meta);
		});
		return [["STATISTICS_WRONG", job, site.data(job)]];
	},
	"a folder named for another start time": async (site, job) => {
		const moved = { ...job, startTime: job.startTime + 1 };
		await rename(site.folder(job), site.folder(moved));
		return [
			["META_MISPLACED", moved],
			["ROW_MISSING", moved],
			["JOB_MISSING", job],
		];
	},
	"a folder named for another job id": async (site, job) => {
		const moved = { ...job, jobId: job.jobId + 500 };
		await mkdir(join(site.folder(moved), ".."), { recursive: true });
		await rename(site.folder(job), site.folder(moved));
		await rm(join(site.folder(job), ".."), { recursive: true });
		return [
			["META_MISPLACED", moved],
			["ROW_MISSING", moved],
			["JOB_MISSING", job],
		];
	},
	"a folder whose name is no start time": async (site, job) => {
		const path = `${site.folder(job)}.bak`;
		await rename(site.folder(job), path);
		return [
			["FOREIGN", undefined, path],
			["JOB_MISSING", job],
		];
	},
	"a file that a job does not have": async (site, job) => {
		const path = join(site.folder(job), "meta.json~");
		await writeFile(path, "{}");
		return [["FOREIGN", job, path]];
	},
	"a job's folder emptied": async (site, job) => {
		await rm(site.meta(job));
		await rm(site.data(job));
		return [
			["EMPTY", job, site.folder(job)],
			["JOB_MISSING", job],
		];
	},
	"a job gone": async (site, job) => {
		await rm(join(site.folder(job), ".."), { recursive: true });
		return [["JOB_MISSING", job]];
	},
	"a leftover temporary file": async (site) => {
		const path = join(site.root, ".tmp-0123456789abcdef-0");
		await writeFile(path, "unfinished");
		return [["LEFTOVER", undefined, path]];
	},
	"a foreign file at the root": async (site) => {
		const path = join(site.root, "core.12345");
		await writeFile(path, "");
		return [["FOREIGN", undefined, path]];
	},
	"a foreign folder at the root": async (site) => {
		const path = join(site.root, "lost+found");
		await mkdir(path);
		return [["FOREIGN", undefined, path]];
	},
	"a cluster's configuration missing": async (site) => {
		const path = join(site.root, "ghost", "cluster.json");
		await mkdir(join(site.root, "ghost"));
		return [["CONFIG_MISSING", undefined, path]];
	},
	"a cluster's configuration malformed": async (site) => {
		const path = join(site.root, "broken", "cluster.json");
		await mkdir(join(site.root, "broken"));
		await writeFile(path, '{"name":"broken"}');
		return [["CONFIG_CORRUPT", undefined, path]];
	},
	"a row that says: not archived yet": damageRow(
		"monitoring_status = 1",
		"ROW_STATUS",
	),
	"a row that says: archiving failed": damageRow(
		"monitoring_status = 2",
		"ROW_STATUS",
	),
	"a row with another footprint": damageRow(
		`footprint = json_set(footprint, '$.cpu_load_avg', 4711)`,
		"ROW_DIFFERS",
	),
	"a row with another energy": damageRow("energy = 4711", "ROW_DIFFERS"),
	"a row with another end": damageRow(
		"duration = duration + 60, job_state = 'failed'",
		"ROW_DIFFERS",
	),
	"a row gone": async (site, job) => {
		await site.editRow(job, "DELETE FROM job");
		return [["ROW_MISSING", job]];
	},
};

describe("verifying an archive that is damaged in many ways at once", () => {
	const folder = useTempFolder();
	const pool = usePool();

	for (const format of ["columnar", "json"] as const)
		it(`names each of ${Object.keys(DAMAGES).length} damages of a ${format} archive once, and nothing else`, async () => {
			const site = new Site(folder(), format);
			const jobs = seededJobs(17, 2 * Object.keys(DAMAGES).length);
			await archiveJobs(site, format, jobs);
			expect(await verifyPlace(site, pool)).to.deep.equal({
				jobs: jobs.length,
				faults: [],
				notes: [],
				counts: {},
			});
			const expected: string[] = [];
			for (const [i, damage] of Object.values(DAMAGES).entries()) {
				const found = await damage(site, jobs[2 * i], jobs[2 * i + 1]);
				expected.push(...found.map((it) => site.describeExpected(it)));
			}
			const { faults, notes } = await verifyPlace(site, pool);
			const found = [...faults, ...notes].map((it) => site.describe(it));
			expect(found.sort()).to.deep.equal(expected.sort());
			expect(notes.map(({ code }) => code)).to.deep.equal(["EMPTY"]);
			for (const { reason } of faults) expect(reason).to.match(/\w+ \w+/);
		});
});

class Site {
	readonly root: string;
	readonly target: string;
	readonly database: string;
	readonly #format: DataFormat;

	constructor(folder: string, format: DataFormat) {
		this.root = join(folder, "archive");
		this.target = `file:${this.root}`;
		this.database = join(folder, "job.db");
		this.#format = format;
	}

	folder(job: Job): string {
		return jobFolder(this.root, job);
	}

	meta(job: Job): string {
		return join(this.folder(job), "meta.json");
	}

	data(job: Job): string {
		const name = this.#format === "json" ? "data.json.gz" : "data.hjc";
		return join(this.folder(job), name);
	}

	async editMeta(job: Job, change: (text: string) => string): Promise<void> {
		const text = await readFile(this.meta(job), "utf8");
		await writeFile(this.meta(job), change(text));
	}

	async editRow({ jobId }: Job, sql: string): Promise<void> {
		await withDatabase(this.database, (database) =>
			database.run(`${sql} WHERE job_id = ?`, [jobId]),
		);
	}

	describe({ code, cluster, jobId, startTime, path }: ArchiveProblem): string {
		// What an upper folder holds has its cluster, or job id, but is of no job.
		const key =
			startTime === undefined ? "" : `${cluster}/${jobId}/${startTime}`;
		return `${code} ${key} ${path === undefined ? "" : relative(this.root, path)}`;
	}

	describeExpected([code, job, path]: Expected): string {
		const wanted =
			path ?? (job && code === "DATA_MISSING" ? this.folder(job) : undefined);
		return this.describe({
			code,
			...(job && {
				cluster: job.cluster,
				jobId: job.jobId,
				startTime: job.startTime,
			}),
			path: wanted,
			reason: "",
		});
	}
}

function damageData(change: (bytes: Buffer) => Buffer): Damage {
	return async (site, job) => {
		const path = site.data(job);
		await writeFile(path, change(await readFile(path)));
		return [["DATA_CORRUPT", job, path]];
	};
}

function damageRow(assignment: string, code: ProblemCode): Damage {
	return async (site, job) => {
		await site.editRow(job, `UPDATE job SET ${assignment}`);
		return [[code, job]];
	};
}

function flip(bytes: Buffer, at: number): Buffer {
	bytes[at] ^= 0x10;
	return bytes;
}
