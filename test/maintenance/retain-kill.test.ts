import { join } from "node:path";
import { expect } from "chai";
import {
	type Archive,
	openArchive,
	SqliteJobRepository,
	verifyArchive,
} from "../../lib/index.js";
import { formatJobKey, type Job } from "../../lib/schema/job.js";
import { leftoversIn } from "../cli/job-archive.js";
import { useChildren } from "../support/child.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs } from "../support/jobs.js";
import { seededRandom } from "../support/random.js";
import { useTempFolder } from "../support/temp-folder.js";
import type { MortalRetention } from "./mortal-retention.js";
import {
	bitsOfData,
	makeArchive,
	seededData,
	usePool,
} from "./seeded-archive.js";

const SEED = Number(process.env.CRASH_SEED ?? 1);
const KILLS = Number(process.env.RETENTION_KILLS ?? 8);
const JOBS = 12;
const MORTAL = new URL("./mortal-retention.js", import.meta.url);

describe(`a move that is killed loses no job (seed ${SEED})`, () => {
	const folder = useTempFolder();
	const pool = usePool();
	const startChild = useChildren();
	const path = (name: string) => join(folder(), name);
	const jobs = seededJobs(91, JOBS);

	async function makePlaces(): Promise<void> {
		for (const [name, some] of [
			["source", jobs],
			["target", []],
		] as const)
			await (await makeArchive(path(name), "columnar", some)).close();
		const rows = await openRows();
		await rows.registerJobs(jobs);
		await rows.close();
		await withDatabase(path("job.db"), (database) =>
			database.script("UPDATE job SET monitoring_status = 3"),
		);
	}

	const openRows = () =>
		SqliteJobRepository.open(path("job.db"), { fsync: false });

	/** @returns file operations of a run that came to its end; undefined: it was killed. */
	async function move(deathAt: number): Promise<number | undefined> {
		const options: MortalRetention = {
			source: path("source"),
			target: path("target"),
			database: path("job.db"),
			ageDays: 1,
			deathAt,
		};
		const child = startChild(MORTAL, [JSON.stringify(options)]);
		const line = await child.line();
		const end = await child.ended;
		if (line === undefined) {
			expect(end).to.equal("SIGKILL");
			return undefined;
		}
		const [, operations, , failed] = line.split(" ");
		expect(failed).to.equal("0");
		return Number(operations);
	}

	/** Whole, with what it held. */
	async function holds(archive: Archive, job: Job): Promise<boolean> {
		if (!(await archive.exists(job))) return false;
		const data = await archive.loadJobData(job);
		expect(bitsOfData(data)).to.deep.equal(bitsOfData(seededData(job)));
		expect((await archive.loadJobMeta(job)).user).to.equal(job.user);
		return true;
	}

	/** Each job is in one of the archives, or both; one whose row is gone is in the target. */
	async function expectNoneLost(): Promise<number> {
		const source = await openArchive(path("source"), { readOnly: true });
		const target = await openArchive(path("target"), { readOnly: true });
		const rows = await openRows();
		let moved = 0;
		for (const job of jobs) {
			const isThere = await holds(target, job);
			const isHere = await holds(source, job);
			expect(isHere || isThere, formatJobKey(job)).to.equal(true);
			const row = await rows.findJob(job);
			if (row === undefined) expect(isThere).to.equal(true);
			else expect(isHere).to.equal(true);
			if (!isHere) moved++;
		}
		await rows.close();
		return moved;
	}

	it(`at ${KILLS} random moments, and a last run completes it`, async function () {
		this.timeout(60_000 + KILLS * 20_000);
		const random = seededRandom(SEED);
		await makePlaces();
		const operations = await move(Number.POSITIVE_INFINITY);
		expect(operations).to.be.above(10 * JOBS);
		expect(await expectNoneLost()).to.equal(JOBS);

		let killed = 0;
		for (let kill = 0; kill < KILLS; kill++) {
			if ((await movedSoFar()) === JOBS) await makePlaces();
			const deathAt = 1 + Math.floor((random() * (operations ?? 0)) / 2);
			if ((await move(deathAt)) === undefined) killed++;
			await expectNoneLost();
		}
		expect(killed, "runs that were killed").to.be.above(KILLS / 2);
		await move(Number.POSITIVE_INFINITY);
		expect(await expectNoneLost()).to.equal(JOBS);
		for (const name of ["source", "target"]) {
			expect(await leftoversIn(path(name))).to.deep.equal([]);
			const archive = await openArchive(path(name), { readOnly: true });
			const { faults, notes } = await verifyArchive(archive, { pool });
			expect([faults, notes]).to.deep.equal([[], []]);
		}
	});

	async function movedSoFar(): Promise<number> {
		const source = await openArchive(path("source"), { readOnly: true });
		return JOBS - (await source.info()).jobs;
	}
});
