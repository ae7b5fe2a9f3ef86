import { readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { exportParquet, type Job, openArchive } from "../../lib/index.js";
import { jobFolder } from "../cli/job-archive.js";
import { makeArchive, usePool } from "../maintenance/seeded-archive.js";
import { seededJobs } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { query, quoted, type Row } from "./duckdb.js";
import {
	expectedJob,
	expectedSeries,
	readSeriesRows,
	seriesQuery,
} from "./expected-tables.js";
import { archiveOddJobs } from "./odd-jobs.js";

describe("exporting an archive as Parquet", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);
	const pool = usePool();
	const jobsIn = (file: string) => query(`FROM ${quoted(file)}`);

	for (const format of ["columnar", "json"] as const)
		it(`has every sample of a ${format} archive, bit for bit and in order`, async () => {
			const archive = await openArchive(`file:${path("archive")}`, {
				format,
				fsync: false,
			});
			await archiveOddJobs(archive);
			const result = await exportParquet(archive, path("out"), { pool });
			const read = readSeriesRows(
				await query(seriesQuery(quoted(result.files.series))),
			);
			const expected = await expectedSeries(archive);
			expect(result).to.deep.include({ jobs: 5, failed: [] });
			expect(result.rows).to.equal(expected.length);
			expect(read.map(String).sort()).to.deep.equal(
				expected.map(String).sort(),
			);
			const sorted = readSeriesRows(
				await query(
					`${seriesQuery(quoted(result.files.series))} ORDER BY cluster, job_id, start_time, metric, scope, hostname,
					device NULLS LAST, "timestamp"`,
				),
			);
			const withoutValue = ([...row]: unknown[]) => String(row.slice(0, -1));
			expect(read.map(withoutValue)).to.deep.equal(sorted.map(withoutValue));
			await archive.close();
		});

	it("has every job with its facts, statistics, footprint and energy in typed columns", async () => {
		const archive = await openArchive(`file:${path("archive")}`, {
			fsync: false,
		});
		await archiveOddJobs(archive);
		const { files } = await exportParquet(archive, path("out.parquet"), {
			pool,
		});
		expect(files).to.deep.equal({
			series: path("out.parquet"),
			jobs: path("out.jobs.parquet"),
		});
		const rows = await jobsIn(files.jobs);
		const jobs: Job[] = [];
		for await (const { key } of archive.iterate())
			jobs.push(await archive.loadJobMeta(key));
		expect(rows.map(({ job_id }) => job_id)).to.deep.equal(
			jobs.map(({ jobId }) => BigInt(jobId)),
		);
		for (const [i, job] of jobs.entries()) {
			expect(rows[i]).to.deep.include(expectedJob(job));
			expect(JSON.parse(rows[i].meta_data as string)).to.deep.equal(
				JSON.parse(JSON.stringify(job.metaData)),
			);
			expect(numbersOf(rows[i])).to.deep.equal(expectedNumbers(job));
		}
		const types = await query(
			`SELECT column_name, column_type FROM (DESCRIBE FROM ${quoted(files.jobs)})`,
		);
		const typeOf = Object.fromEntries(
			types.map(({ column_name, column_type }) => [column_name, column_type]),
		);
		expect(typeOf).to.include({
			start_time: "TIMESTAMP WITH TIME ZONE",
			hostnames: "VARCHAR[]",
			num_nodes: "BIGINT",
			__proto___avg: "DOUBLE",
			flops_any_avg_2: "DOUBLE",
			ünïcode_unit: "VARCHAR",
		});
		await archive.close();
	});

	it("compresses with zstd, in sorted row groups of bounded size", async () => {
		const jobs = seededJobs(31, 40);
		const archive = await makeArchive(path("archive"), "columnar", jobs);
		const { files, rows } = await exportParquet(archive, path("out"), { pool });
		const [facts] = await query(
			`SELECT max(row_group_num_rows) AS most, string_agg(DISTINCT compression) AS codec,
			sum(num_values) FILTER (path_in_schema = 'value') AS values
			FROM parquet_metadata(${quoted(files.series)})`,
		);
		expect(Number(facts.most)).to.be.at.most(131_072);
		expect(Number(facts.values)).to.equal(rows);
		expect(facts.codec).to.equal("ZSTD");
		await archive.close();
	});

	it("takes the jobs and series that it is asked for", async () => {
		const jobs = seededJobs(32, 10);
		const archive = await makeArchive(path("archive"), "columnar", jobs);
		const [from, to] = [jobs[2].startTime, jobs[6].startTime];
		const { files } = await exportParquet(archive, path("out"), {
			pool,
			from,
			to,
			metrics: ["__proto__"],
			scopes: ["node"],
		});
		expect(
			await query(
				`SELECT job_id, string_agg(DISTINCT metric) AS metrics FROM ${quoted(files.series)} GROUP BY 1 ORDER BY 1`,
			),
		).to.deep.equal(
			jobs.slice(2, 6).map(({ jobId }) => ({
				job_id: BigInt(jobId),
				metrics: "__proto__",
			})),
		);
		expect(await jobsIn(files.jobs)).to.have.lengthOf(4);
		const none = await exportParquet(archive, path("none"), {
			pool,
			cluster: "other",
		});
		expect(none).to.include({ jobs: 0, rows: 0 });
		expect(await jobsIn(none.files.jobs)).to.deep.equal([]);
		expect(await jobsIn(none.files.series)).to.deep.equal([]);
		await archive.close();
	});

	it("lists what fails, which is in neither table, and takes the rest", async () => {
		const jobs = seededJobs(33, 6);
		const archive = await makeArchive(path("archive"), "columnar", jobs);
		const file = (index: number, name: string) =>
			join(jobFolder(path("archive"), jobs[index]), name);
		await writeFile(file(0, "meta.json"), "{");
		await truncate(file(3, "data.hjc"), 200);
		const progress: number[] = [];
		const result = await exportParquet(archive, path("out"), {
			pool,
			onProgress: ({ jobs }) => progress.push(jobs),
		});
		expect(result.jobs).to.equal(4);
		expect(
			result.failed.map(({ jobId, code }) => [jobId, code]),
		).to.have.deep.members([
			[jobs[0].jobId, "DATA_CORRUPT"],
			[jobs[3].jobId, "DATA_CORRUPT"],
		]);
		expect(progress).to.deep.equal([1, 2, 3, 4, 5, 6]);
		const kept = [1, 2, 4, 5].map((i) => BigInt(jobs[i].jobId));
		for (const file of Object.values(result.files)) {
			const rows = await query(
				`SELECT DISTINCT job_id FROM ${quoted(file)} ORDER BY 1`,
			);
			expect(rows.map(({ job_id }) => job_id)).to.deep.equal(kept);
		}
		await archive.close();
	});

	it("replaces files only when it is told to, and leaves nothing of an export that was aborted", async () => {
		const archive = await makeArchive(
			path("archive"),
			"columnar",
			seededJobs(34, 4),
		);
		await writeFile(path("out.jobs.parquet"), "mine");
		const target = path("out.parquet");
		expect(
			await rejected(exportParquet(archive, target, { pool })),
		).to.deep.include({ code: "INVALID_OPTION" });
		const controller = new AbortController();
		expect(
			await rejected(
				exportParquet(archive, target, {
					pool,
					force: true,
					signal: controller.signal,
					onProgress: () => controller.abort(),
				}),
			),
		).to.deep.include({ code: "ABORTED" });
		expect((await readdir(folder())).sort()).to.deep.equal([
			"archive",
			"out.jobs.parquet",
		]);
		const { jobs, files } = await exportParquet(archive, target, {
			pool,
			force: true,
		});
		expect(jobs).to.equal(4);
		expect(await jobsIn(files.jobs)).to.have.lengthOf(4);
		expect(
			await rejected(
				exportParquet(archive, path("out.jobs.parquet/below"), { pool }),
			),
		).to.deep.include({ code: "EXPORT_FAILED" });
		await archive.close();
	});

	it("has a real job, sample by sample", async function () {
		const real = sharedData("archive");
		if (real === undefined) return this.skip();
		const archive = await openArchive(`file:${real}`, { readOnly: true });
		const { files } = await exportParquet(archive, path("out"), {
			pool,
			metrics: ["flops_any"],
		});
		const read = readSeriesRows(
			await query(seriesQuery(quoted(files.series))),
		).map(String);
		const expected = await expectedSeries(archive, ["flops_any"]);
		expect(read).to.have.lengthOf(46_112);
		expect(read.sort()).to.deep.equal(expected.map(String).sort());
		await archive.close();
	});
});

/** The columns that a job's numbers have, without those that are empty. */
function numbersOf(row: Row): Row {
	const fixed = Object.keys(row).indexOf("energy") + 1;
	return Object.fromEntries(
		Object.entries(row)
			.slice(fixed)
			.filter(([, value]) => value !== null),
	);
}

function expectedNumbers(job: Job): Row {
	const { statistics = {}, footprint = {}, energyFootprint = {} } = job;
	const metrics = Object.entries(statistics).flatMap(
		([metric, { avg, min, max, unit }]) => {
			// Twin of Flops_Any, which is sorted before it.
			const number = metric === "flops_any" ? "_2" : "";
			return [
				[`${metric}_avg${number}`, avg],
				[`${metric}_min${number}`, min],
				[`${metric}_max${number}`, max],
				[`${metric}_unit${number}`, (unit.prefix ?? "") + unit.base],
			];
		},
	);
	return Object.fromEntries([
		...metrics,
		...Object.entries(footprint).map(([key, value]) => [
			`footprint_${key}`,
			value,
		]),
		...Object.entries(energyFootprint).map(([metric, value]) => [
			`energy_${metric}`,
			value,
		]),
	]);
}
