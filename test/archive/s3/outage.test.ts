import { expect } from "chai";
import type { Archive } from "../../../lib/archive/archive.js";
import type { Job } from "../../../lib/schema/job.js";
import { type House, useHouse } from "../../support/house.js";
import { keyOf } from "../../support/job-data.js";
import { versionedSource, versionOf } from "../../support/job-versions.js";
import { until } from "../../support/until.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

const JOBS = 200;
/** In the middle. */
const ARCHIVED_BEFORE = 60;
/** The archive gives a request up after some two seconds. */
const IMPATIENT = { requestTimeoutMs: 700, retries: 2, retryDelayMs: 50 };
const VERSION = 1;

for (const format of ["columnar", "json"] as const)
	describe(`an archiver whose S3 store goes away in the middle of ${JOBS} jobs, ${format}`, () => {
		const gateway = useGateway();
		const openHouse = useHouse();
		let place: S3Place;

		beforeEach(() => {
			place = new S3Place(gateway());
		});

		afterEach(async () => {
			await gateway().mend();
			await place.close();
		});

		async function open(retryLimit: number): Promise<House> {
			return openHouse({
				archive: await place.open({ format, ...IMPATIENT }),
				source: versionedSource(VERSION),
				options: {
					poolMaxThreads: 1,
					writerGroupJobs: 8,
					retryLimit,
					retryDelayMs: 200,
				},
			});
		}

		/** Archives all jobs; `outage` comes when some are archived. @returns those that were acknowledged. */
		async function archiveThrough(
			{ archiver, registerIds }: House,
			outage: () => Promise<void>,
		): Promise<Job[]> {
			const jobs = await registerIds(Array.from({ length: JOBS }, (_, i) => i));
			const archiving = jobs.map((job) => archiver.archiveJob(job));
			const settled = Promise.allSettled(archiving);
			await until(() => archiver.stats().archived >= ARCHIVED_BEFORE);
			await outage();
			const outcomes = await settled;
			return jobs.filter((_, i) => outcomes[i].status === "fulfilled");
		}

		const paused = {
			name: "stopped, and goes on",
			stop: async () => gateway().pause(),
		};
		const killed = {
			name: "killed, and started again",
			stop: () => gateway().kill(),
		};
		const [one, other] =
			format === "columnar" ? [paused, killed] : [killed, paused];

		it(`loses nothing and tears nothing when that is ${one.name} after jobs have failed`, async () => {
			const house = await open(0);
			const { archiver, archive, repository } = house;
			const acknowledged = await archiveThrough(house, async () => {
				await one.stop();
				await until(() => archiver.stats().failed > 0);
				await gateway().mend();
			});
			expect(acknowledged.length).to.be.within(ARCHIVED_BEFORE, JOBS - 1);
			await expectWhole(archive, acknowledged);
			const failed = await repository.findFailed({ limit: JOBS });
			expect(failed.length).to.equal(JOBS - acknowledged.length);
			const codes = new Set(failed.map(({ failure }) => failure?.code));
			expect([...codes]).to.deep.equal(["ARCHIVE_WRITE_FAILED"]);
			await archiver.retryFailed();
			await archiver.waitForArchiving();
			await expectAll(house);
		});

		it(`archives all jobs when that is ${other.name} and they come again`, async () => {
			const house = await open(1000);
			const { archiver } = house;
			const acknowledged = await archiveThrough(house, async () => {
				await other.stop();
				await until(() => archiver.stats().retrying > 0);
				await gateway().mend();
			});
			expect(acknowledged.length).to.equal(JOBS);
			await expectAll(house);
		});

		async function expectAll({ archive, repository }: House): Promise<void> {
			const counts = await repository.countByStatus();
			expect([counts[1], counts[2], counts[3]]).to.deep.equal([0, 0, JOBS]);
			const jobs: Job[] = [];
			for await (const found of archive.iterate()) {
				if ("error" in found) throw found.error;
				jobs.push(found.job);
			}
			expect(jobs.map(({ jobId }) => jobId)).to.deep.equal(
				Array.from({ length: JOBS }, (_, i) => i),
			);
			await expectWhole(archive, jobs);
			// What a request has left that was given up and carried out later.
			for await (const { code, path } of archive.strays())
				expect(code, path).to.equal("LEFTOVER");
		}

		async function expectWhole(
			archive: Archive,
			jobs: readonly Job[],
		): Promise<void> {
			const rest = jobs.map(keyOf)[Symbol.iterator]();
			const lane = async () => {
				for (const key of rest) {
					const job = await archive.loadJobMeta(key);
					const data = await archive.loadJobData(key);
					expect(versionOf(job, data, format)).to.equal(VERSION);
				}
			};
			await Promise.all(Array.from({ length: 8 }, lane));
		}
	});
