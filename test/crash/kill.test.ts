import { join } from "node:path";
import { type DataFormat, WorkerPool } from "../../lib/index.js";
import { useChildren } from "../support/child.js";
import { seededRandom } from "../support/random.js";
import { useTempFolder } from "../support/temp-folder.js";
import { DEATH_STEPS } from "./death.js";
import { Life } from "./life.js";

const SEED = Number(process.env.CRASH_SEED ?? 1);
const RANDOM_KILLS = Number(process.env.CRASH_KILLS ?? 20);
/** Kills of one archive and its database, before a new one is made. */
const KILLS_PER_LIFE = 5;
const LATEST_KILL_MS = 200;
const FORMATS: readonly DataFormat[] = ["columnar", "json"];

describe(`an archiver that is killed has lost no job, and left nothing behind, once it is started again (seed ${SEED})`, () => {
	const folder = useTempFolder();
	const startChild = useChildren();
	let pool: WorkerPool;
	before(() => {
		pool = new WorkerPool({
			poolMinThreads: 1,
			poolMaxThreads: 1,
			poolIdleTimeoutMs: 60_000,
		});
	});
	after(() => pool.close({ force: true }));

	async function beginLife(format: DataFormat, name: string): Promise<Life> {
		const path = join(folder(), name);
		const life = new Life({ folder: path, format, pool, startChild });
		await life.begin();
		return life;
	}

	it("at each step on the way of a job", async function () {
		this.timeout(120_000);
		const random = seededRandom(SEED);
		const deaths = DEATH_STEPS.map((step) => ({
			step,
			time: 1 + Math.floor(random() * 8),
		}));
		await inEachFormat(async (format) => {
			const life = await beginLife(format, format);
			for (const death of deaths) {
				await life.runUntilKilled({ death });
				await life.recover(`${death.step}, time ${death.time}`);
			}
		});
	});

	it(`at ${RANDOM_KILLS} random moments`, async function () {
		this.timeout(60_000 + RANDOM_KILLS * 10_000);
		await inEachFormat(async (format) => {
			const random = seededRandom(SEED + FORMATS.indexOf(format));
			let life: Life | undefined;
			for (let kill = 0; kill < RANDOM_KILLS / FORMATS.length; kill++) {
				if (life === undefined || kill % KILLS_PER_LIFE === 0)
					life = await beginLife(format, `${format}-${kill}`);
				const afterMs = random() * LATEST_KILL_MS;
				await life.runUntilKilled({ afterMs });
				await life.recover(`kill ${kill}, after ${afterMs} ms`);
			}
		});
	});
});

/** Side by side: a machine has several cores. */
async function inEachFormat(
	run: (format: DataFormat) => Promise<void>,
): Promise<void> {
	await Promise.all(FORMATS.map(run));
}
