import { rm } from "node:fs/promises";
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
import type { MortalUpkeep } from "./mortal-upkeep.js";
import {
	bitsOfData,
	makeArchive,
	shrinkableData,
	usePool,
} from "./seeded-archive.js";

const SEED = Number(process.env.CRASH_SEED ?? 1);
/** Kills of each kind of work. */
const KILLS = Number(process.env.UPKEEP_KILLS ?? 5);
const JOBS = 10;
const MORTAL = new URL("./mortal-upkeep.js", import.meta.url);

/** Where a job is found, whole. */
interface Whereabouts {
	isHere: boolean;
	isThere: boolean;
	hasRow: boolean;
}

describe(`upkeep that is killed at any file operation loses no job (seed ${SEED})`, () => {
	const folder = useTempFolder();
	const pool = usePool();
	const startChild = useChildren();
	const path = (name: string) => join(folder(), name);
	const jobs = seededJobs(91, JOBS);

	/** All jobs in the source, archived as the database says. */
	async function makePlaces(): Promise<void> {
		for (const name of ["source", "target", "job.db"])
			await rm(path(name), { recursive: true, force: true });
		for (const [name, some] of [
			["source", jobs],
			["target", []],
		] as const) {
			const made = await makeArchive(
				path(name),
				"columnar",
				some,
				shrinkableData,
			);
			await made.close();
		}
		const rows = await openRows();
		await rows.registerJobs(jobs);
		await rows.close();
		await withDatabase(path("job.db"), (database) =>
			database.script("UPDATE job SET monitoring_status = 3"),
		);
	}

	const openRows = () =>
		SqliteJobRepository.open(path("job.db"), { fsync: false });

	/** @returns file operations of work that came to its end; undefined: it was killed. */
	async function run(
		work: MortalUpkeep["work"],
		deathAt = 0,
	): Promise<number | undefined> {
		const options: MortalUpkeep = {
			work,
			source: path("source"),
			target: path("target"),
			database: path("job.db"),
			deathAt,
		};
		const child = startChild(MORTAL, [JSON.stringify(options)]);
		const line = await child.line();
		const end = await child.ended;
		if (line === undefined) {
			expect(end).to.equal("SIGKILL");
			return undefined;
		}
		const [operations, failed] = line.split(" ").map(Number);
		expect(failed).to.equal(0);
		return operations;
	}

	async function whereabouts(): Promise<Map<string, Whereabouts>> {
		const source = await openArchive(path("source"), { readOnly: true });
		const target = await openArchive(path("target"), { readOnly: true });
		const rows = await openRows();
		const found = new Map<string, Whereabouts>();
		for (const job of jobs)
			found.set(formatJobKey(job), {
				isHere: await holds(source, job),
				isThere: await holds(target, job),
				hasRow: (await rows.findJob(job)) !== undefined,
			});
		await rows.close();
		return found;
	}

	async function expectSound(): Promise<void> {
		for (const name of ["source", "target"]) {
			expect(await leftoversIn(path(name))).to.deep.equal([]);
			const archive = await openArchive(path(name), { readOnly: true });
			const { faults, notes } = await verifyArchive(archive, { pool });
			// A kill while a job's folders go, the inner ones first, may leave an outer one, which nothing looks for.
			const others = [...faults, ...notes].filter(
				({ code }) => code !== "EMPTY",
			);
			expect(others).to.deep.equal([]);
		}
	}

	const expectations: Record<
		MortalUpkeep["work"],
		{
			/** Whatever happens. */
			always(where: Whereabouts): boolean;
			atLast(where: Whereabouts): boolean;
		}
	> = {
		move: {
			always: ({ isHere, isThere, hasRow }) => isThere || (isHere && hasRow),
			atLast: ({ isHere, isThere, hasRow }) => isThere && !isHere && !hasRow,
		},
		compress: {
			always: ({ isHere, hasRow }) => isHere && hasRow,
			atLast: ({ isHere, hasRow }) => isHere && hasRow,
		},
		remove: {
			always: ({ isHere, hasRow }) => isHere || !hasRow,
			atLast: ({ isHere, hasRow }) => !isHere && !hasRow,
		},
	};
	for (const work of ["move", "compress", "remove"] as const)
		it(`${work}, ${KILLS} times, and a last run completes it`, async function () {
			this.timeout(60_000 + KILLS * 20_000);
			const { always, atLast } = expectations[work];
			async function expectOfAll(holds: (where: Whereabouts) => boolean) {
				for (const [key, where] of await whereabouts())
					expect(holds(where), `${key} ${JSON.stringify(where)}`).to.equal(
						true,
					);
			}
			const random = seededRandom(SEED);
			await makePlaces();
			const operations = (await run(work)) ?? 0;
			expect(operations).to.be.above(2 * JOBS);
			await expectOfAll(atLast);
			let left = 0;
			let killed = 0;
			for (let kill = 0; kill < KILLS; kill++) {
				// Each kill leaves less to be done: now and then everything begins anew.
				if (left <= 1) await makePlaces();
				if (left <= 1) left = operations;
				const deathAt = 1 + Math.floor(random() * left);
				const survived = await run(work, deathAt);
				if (survived === undefined) killed++;
				left = survived === undefined ? left - deathAt : 0;
				await expectOfAll(always);
			}
			expect(killed, "runs that were killed").to.be.at.least(KILLS / 2);
			await run(work);
			await expectOfAll(atLast);
			await expectSound();
		});
});

/** Whole, with what it held. */
async function holds(archive: Archive, job: Job): Promise<boolean> {
	if (!(await archive.exists(job))) return false;
	const data = await archive.loadJobData(job);
	expect(bitsOfData(data)).to.deep.equal(bitsOfData(shrinkableData(job)));
	expect((await archive.loadJobMeta(job)).user).to.equal(job.user);
	return true;
}
