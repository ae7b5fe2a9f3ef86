import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Archive, openArchive } from "../../lib/index.js";
import { formatJobKey, type JobKey } from "../../lib/schema/job.js";
import { jsonOf, runCli } from "../cli/run-cli.js";
import { makeArchive } from "../maintenance/seeded-archive.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs } from "../support/jobs.js";
import { seriesOf, twoDecimals } from "../support/series.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { S3Place } from "./s3/s3-place.js";
import { useGateway } from "./s3/use-gateway.js";

/** Of the real database's 544: `CHAIN_JOBS=544` takes all. */
const REAL_JOBS = Number(process.env.CHAIN_JOBS ?? 20);
const SEEDED_JOBS = 60;
const POLL_MS = 50;

type Imported = Record<"imported" | "skipped" | "failed", number>;

describe("an archive imported from files over SQLite and S3 back to files", () => {
	const gateway = useGateway();
	const folder = useTempFolder();
	const targetOf = (name: string) => `file:${join(folder(), name)}`;
	let place: S3Place;

	beforeEach(() => {
		place = new S3Place(gateway());
	});

	afterEach(() => place?.close());

	it("holds the same bytes and the same meta, of seeded jobs", async function () {
		this.timeout(120_000);
		const jobs = seededJobs(31, SEEDED_JOBS);
		const source = await makeArchive(targetOf("first"), "json", jobs);
		await source.close();
		await importAll(jobs.length);
		expect(await expectSame()).to.equal(jobs.length);
	});

	it(`holds the same bytes and the same meta of ${REAL_JOBS} jobs of a real database, and the samples of a real job`, async function () {
		this.timeout(120_000 + 2_000 * REAL_JOBS);
		const database = sharedData("job.db");
		const realArchive = sharedData("archive");
		if (database === undefined || realArchive === undefined) this.skip();
		await archiveSynthetic(database, realArchive);
		await importOnce(`file:${realArchive}`, targetOf("first"), "json");
		await importAll(REAL_JOBS + 1);
		const real = await openArchive(`file:${realArchive}`, { readOnly: true });
		const ours = await openArchive(targetOf("last"), { readOnly: true });
		let realJobs = 0;
		for await (const { key } of real.iterate()) {
			realJobs++;
			expect(seriesOf(await ours.loadJobData(key), twoDecimals)).to.deep.equal(
				seriesOf(await real.loadJobData(key), twoDecimals),
			);
		}
		expect(realJobs).to.equal(1);
		await Promise.all([real.close(), ours.close()]);
		expect(await expectSame()).to.equal(REAL_JOBS + 1);
	});

	/** `first`, an archive of json files with made-up series for the jobs of a real database. */
	async function archiveSynthetic(
		database: string,
		clusters: string,
	): Promise<void> {
		const copied = join(folder(), "job.db");
		await copyFile(database, copied);
		await withDatabase(copied, (copy) =>
			copy.script("UPDATE job SET monitoring_status = 1"),
		);
		const { status, stderr } = await runCli([
			...["archive", "--db", copied, "--source", "synthetic:1", "--pending"],
			...["--archive", targetOf("first"), "--format", "json"],
			...["--clusters", `file:${clusters}`, "--limit", String(REAL_JOBS)],
		]);
		expect(status, stderr).to.equal(0);
	}

	/** From `first` to `last`; the process that fills S3 is killed when it is half done, and another one started. */
	async function importAll(jobs: number): Promise<void> {
		const sqlite = `sqlite:${join(folder(), "archive.db")}`;
		const whole = { imported: jobs, skipped: 0, failed: 0 };
		expect(await importOnce(targetOf("first"), sqlite, "columnar")).to.include(
			whole,
		);
		await importUntilKilled(sqlite, jobs >> 1);
		const resumed = await importOnce(sqlite, place.address, "json");
		expect(resumed.failed).to.equal(0);
		expect(resumed.imported + resumed.skipped).to.equal(jobs);
		expect(resumed.skipped).to.be.at.least(jobs >> 1);
		expect(resumed.imported, "too late to kill it").to.be.above(0);
		expect(
			await importOnce(place.address, targetOf("last"), "json"),
		).to.include(whole);
	}

	async function importOnce(
		source: string,
		target: string,
		format: string,
	): Promise<Imported> {
		const result = await runCli(
			["import", source, target, "--format", format, "--json"],
			{ env: place.environment },
		);
		expect(result.status, result.stderr).to.equal(0);
		return jsonOf<Imported>(result);
	}

	async function importUntilKilled(
		source: string,
		jobs: number,
	): Promise<void> {
		let isOver = false;
		const { signal, stderr } = await runCli(
			["import", source, place.address, "--format", "json"],
			{
				env: place.environment,
				async onStart(child) {
					child.once("exit", () => {
						isOver = true;
					});
					while (!isOver && (await jobsThere()) < jobs) await sleep(POLL_MS);
					child.kill("SIGKILL");
				},
			},
		);
		expect(signal, stderr).to.equal("SIGKILL");
	}

	async function jobsThere(): Promise<number> {
		const keys = await place.keys();
		return keys.filter((key) => key.endsWith("/meta.json")).length;
	}

	/** Compares the archives at both ends; every one on the way checks out. @returns how many jobs there are. */
	async function expectSame(): Promise<number> {
		const first = await openArchive(targetOf("first"), { readOnly: true });
		const last = await openArchive(targetOf("last"), { readOnly: true });
		const keys = await keysOf(first);
		expect((await keysOf(last)).map(formatJobKey)).to.deep.equal(
			keys.map(formatJobKey),
		);
		for (const key of keys) {
			const message = formatJobKey(key);
			const [one, other] = [
				await first.loadStoredData(key),
				await last.loadStoredData(key),
			];
			expect(Buffer.compare(one.bytes, other.bytes), message).to.equal(0);
			expect(await last.loadJobMeta(key), message).to.deep.equal(
				await first.loadJobMeta(key),
			);
		}
		await Promise.all([first.close(), last.close()]);
		for (const target of [place.address, targetOf("last")]) {
			const result = await runCli(["verify", target, "--json"], {
				env: place.environment,
			});
			expect(result.status, result.stdout).to.equal(0);
		}
		return keys.length;
	}
});

async function keysOf(archive: Archive): Promise<JobKey[]> {
	const keys: JobKey[] = [];
	for await (const { key } of archive.iterate()) keys.push(key);
	return keys;
}
