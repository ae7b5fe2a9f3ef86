import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { dataFactsOf, withDataFacts } from "../../lib/archive/data-facts.js";
import { dataIdOf } from "../../lib/codec/data-id.js";
import {
	type Job,
	openArchive,
	parseJob,
	verifyArchive,
} from "../../lib/index.js";
import { Findings } from "../../lib/maintenance/findings.js";
import { serializeJob } from "../../lib/schema/job-json.js";
import { jobFolder } from "../cli/job-archive.js";
import { useHouse } from "../support/house.js";
import { testJob } from "../support/jobs.js";
import { columnsFor, ScriptedSource } from "../support/scripted-source.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { makeArchive, tellingOfData, usePool } from "./seeded-archive.js";

interface JsonSeries {
	hostname: string;
	statistics?: Record<"avg" | "min" | "max", number | null>;
	data: (number | null)[];
}
type JsonData = Record<string, Record<string, { series: JsonSeries[] }>>;

describe("verifying statistics", () => {
	const folder = useTempFolder();
	const pool = usePool();
	const openedHouse = useHouse();

	const shared = sharedData("archive");
	if (shared !== undefined)
		it("notes what is odd about the real job, and finds no fault", async () => {
			const archive = await openArchive(`file:${shared}`, { readOnly: true });
			const { jobs, faults, notes } = await verifyArchive(archive, {
				pool,
				schema: true,
			});
			await archive.close();
			expect({ jobs, faults }).to.deep.equal({ jobs: 1, faults: [] });
			const ofStatistics = notes
				.filter(({ code }) => code !== "SCHEMA_DIFFERS")
				.map(({ code, column }) => [code, column]);
			expect(ofStatistics).to.deep.equal([
				["STATISTICS_MISSING", "ipc/node"],
				["STATISTICS_DIFFER", "rapl_power"],
				["STATISTICS_DIFFER", "ipc"],
				["STATISTICS_DIFFER", "mem_used"],
			]);
			const ofSchema = notes.filter(({ code }) => code === "SCHEMA_DIFFERS");
			expect(ofSchema.map(({ column }) => column)).to.include.members([
				"net_bw",
				"filesystems",
				"cpu_load.node.unit.base",
				"statistics.cpu_user",
			]);
		});

	describe("in a job of ten hosts", () => {
		const foreign = testJob({ numNodes: 10 });

		const cases: Record<
			string,
			{ edit: (data: JsonData) => void; column: string; reason: RegExp }
		> = {
			"without statistics in three series": {
				edit: (data) => {
					for (const series of data.cpu_load.node.series.slice(4, 7))
						series.statistics = undefined;
				},
				column: "cpu_load/node",
				reason: /^3 of 10 series \(n005\) have no statistics$/,
			},
			"with other averages in two series": {
				edit: (data) => {
					for (const { statistics } of data.cpu_load.node.series.slice(0, 2))
						if (statistics) statistics.avg = Number(statistics.avg) + 1;
				},
				column: "cpu_load/node",
				reason: /^2 of 10 series \(n001\) have other statistics/,
			},
			"whose empty series have statistics of 0": {
				edit: (data) => {
					const [series] = data.cpu_load.node.series;
					series.data = series.data.map(() => null);
					series.statistics = { avg: 0, min: 0, max: 0 };
				},
				column: "cpu_load/node",
				reason: /^1 of 10 series \(n001\) have other statistics/,
			},
		};
		for (const [name, { edit, column, reason }] of Object.entries(cases)) {
			it(`${name}: notes it of another's job`, async () => {
				const archive = await makeArchive(folder(), "json", [foreign]);
				await editData(foreign, edit);
				const { faults, notes } = await verifyArchive(archive, { pool });
				expect(faults).to.deep.equal([]);
				expect(notes).to.have.length(1);
				expect(notes[0]).to.include({ jobId: foreign.jobId, column });
				expect(notes[0].reason).to.match(reason);
			});

			it(`${name}: is damage in a job of our own`, async () => {
				const own = tellingOfData(foreign);
				const archive = await makeArchive(folder(), "json", [own]);
				await editData(own, edit);
				await followData(own);
				const { faults, notes } = await verifyArchive(archive, { pool });
				expect(notes).to.deep.equal([]);
				expect(faults).to.have.length(1);
				expect(faults[0]).to.include({ code: "STATISTICS_WRONG", column });
				expect(faults[0].reason).to.match(reason);
			});
		}

		it("rounds both sides: statistics may be off by half a hundredth, and the samples too", async () => {
			const archive = await makeArchive(folder(), "json", [foreign]);
			await editData(foreign, (data) => {
				for (const { statistics } of data.cpu_load.node.series)
					if (statistics) statistics.avg = Number(statistics.avg) + 0.0099;
			});
			expect((await verifyArchive(archive, { pool })).notes).to.deep.equal([]);
		});

		it("finds data of other hosts, of whomever the job is", async () => {
			const elsewhere = { ...foreign, resources: [{ hostname: "m001" }] };
			const archive = await makeArchive(folder(), "json", [foreign]);
			await archive.storeJobMeta(elsewhere);
			const { faults } = await verifyArchive(archive, { pool });
			expect(faults.map(({ code }) => code)).to.deep.equal(["DATA_MISPLACED"]);
		});

		it("takes a host with its domain for the same", async () => {
			const domains = foreign.resources.map(({ hostname }) => ({
				hostname: `${hostname}.example.org`,
			}));
			const archive = await makeArchive(folder(), "json", [foreign]);
			await archive.storeJobMeta({ ...foreign, resources: domains });
			expect((await verifyArchive(archive, { pool })).faults).to.deep.equal([]);
		});
	});

	it("takes resampled data for what is left of the samples that the statistics are of", async () => {
		const house = await openedHouse({
			source: new ScriptedSource(({ job }) => columnsFor(job, 240)),
			options: { resolutionSeconds: 600 },
		});
		const jobs = await house.registerIds([1, 2, 3]);
		for (const job of jobs) await house.archiver.archiveJob(job);
		const { repository, archive } = house;
		const sound = await verifyArchive(archive, { pool, repository });
		expect(sound).to.deep.include({ jobs: 3, faults: [], notes: [] });

		const meta = await archive.loadJobMeta(jobs[1]);
		const { statistics = {} } = meta;
		statistics.cpu_load.max /= 2;
		await archive.storeJobMeta(meta);
		const { faults } = await verifyArchive(archive, { pool });
		expect(faults.map(({ code, jobId }) => [code, jobId])).to.deep.equal([
			["STATISTICS_WRONG", 2],
		]);
	});

	for (const format of ["columnar", "json"] as const)
		it(`finds no broken structure in what is archived as ${format}`, async () => {
			const house = await openedHouse({ format });
			const jobs = await house.registerIds([1, 2], { numNodes: 9 });
			for (const job of jobs) await house.archiver.archiveJob(job);
			const { counts } = await verifyArchive(house.archive, {
				pool,
				schema: true,
			});
			expect(Object.keys(counts)).to.deep.equal(["SCHEMA_DIFFERS"]);
		});

	it("keeps ten thousand findings of a kind, counts all, and gives them in order", () => {
		const findings = new Findings();
		for (let jobId = 10_500; jobId > 0; jobId--)
			findings.add({
				code: "STATISTICS_DIFFER",
				cluster: "testcluster",
				jobId,
				startTime: 1,
				reason: "odd",
			});
		findings.add({ code: "FOREIGN", path: "core", reason: "no part of it" });
		expect(findings.kept("note")).to.have.length(10_000);
		expect(findings.kept("note")[0].jobId).to.equal(501);
		expect(findings.kept("fault")).to.have.length(1);
		expect(findings.counts()).to.deep.equal({
			FOREIGN: 1,
			STATISTICS_DIFFER: 10_500,
		});
	});

	/** Rewrites a job's JSON, as an editor or a foreign tool would. */
	async function editData(
		job: Job,
		edit: (data: JsonData) => void,
	): Promise<void> {
		const archive = await openArchive(`file:${folder()}`, { readOnly: true });
		const { encoding } = await archive.loadStoredData(job);
		await archive.close();
		const path = dataPath(job, encoding);
		const stored = await readFile(path);
		const isZipped = encoding === "json.gz";
		const text = (isZipped ? gunzipSync(stored) : stored).toString();
		const data = JSON.parse(text) as JsonData;
		edit(data);
		const edited = Buffer.from(JSON.stringify(data));
		await writeFile(path, isZipped ? gzipSync(edited) : edited);
	}

	/** Has a job's meta tell of the data as they are now. */
	async function followData(job: Job): Promise<void> {
		const archive = await openArchive(`file:${folder()}`, { readOnly: true });
		const { bytes, encoding } = await archive.loadStoredData(job);
		await archive.close();
		const path = join(jobFolder(folder(), job), "meta.json");
		const meta = parseJob(JSON.parse(await readFile(path, "utf8")));
		const facts = dataFactsOf(meta);
		if (facts === undefined) throw new TypeError("the job is not ours");
		const dataId = dataIdOf(bytes, encoding);
		await writeFile(
			path,
			serializeJob(withDataFacts(meta, { ...facts, dataId })),
		);
	}

	function dataPath(job: Job, encoding: string): string {
		return join(jobFolder(folder(), job), `data.${encoding}`);
	}
});
