import { inspect } from "node:util";
import { expect } from "chai";
import type { Archive } from "../../../lib/archive/archive.js";
import type { OpenArchiveOptions } from "../../../lib/archive/open.js";
import type { Job } from "../../../lib/schema/job.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { S3_CREDENTIALS } from "../../servers/ceph-rgw.js";
import { type Fate, S3Relay } from "../../servers/s3-relay.js";
import { dataOf, exactly, testData } from "../../support/job-data.js";
import { testCluster, testColumn, testJob } from "../../support/jobs.js";
import { seededRandom } from "../../support/random.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, expectData, stage, stageAll } from "../contract/jobs.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

const MIB = 2 ** 20;
/** Attempts that fail are over at once. */
const QUICK = { requestTimeoutMs: 5_000, retryDelayMs: 0 };

describe("an S3 archive whose requests fail", () => {
	const gateway = useGateway();
	const job = testJob();
	let relay: S3Relay;
	let place: S3Place;
	let archives: Archive[];

	beforeEach(async () => {
		relay = await S3Relay.start(gateway().endpoint);
		place = new S3Place(gateway(), relay.endpoint);
		archives = [];
	});

	afterEach(async () => {
		relay.fate = () => "relayed";
		await Promise.all(archives.map((archive) => archive.close()));
		await place.close();
		await relay.close();
	});

	async function open(options: OpenArchiveOptions = {}): Promise<Archive> {
		const archive = await place.open({ ...QUICK, ...options });
		archives.push(archive);
		await archive.storeClusterConfig("testcluster", testCluster());
		return archive;
	}

	function ownKey(key: string): string {
		return key.slice(`${place.configuration.prefix}/`.length);
	}

	/** From now on the n-th request of all, counted from 0, meets this fate. */
	function disturb(n: number, fate: Fate): void {
		const start = relay.requests.length;
		relay.fate = () =>
			relay.requests.length - 1 === start + n ? fate : "relayed";
	}

	async function requestsOf(change: () => Promise<unknown>): Promise<number> {
		const before = relay.requests.length;
		await change();
		return relay.requests.length - before;
	}

	for (const [format, expected] of [
		["columnar", ["PUT data", "HEAD cluster", "GET list", "PUT meta"]],
		[
			"json",
			[
				...["PUT data", "HEAD cluster", "GET list", "PUT data"],
				...["PUT hpc", "PUT meta", "DELETE data"],
			],
		],
	] as const)
		it(`${format}: takes ${expected.length} requests for a new job`, async () => {
			const archive = await open({ format });
			relay.requests.length = 0;
			await archive.importJob(job, testData(1, 300));
			const requests = relay.requests.map(({ method, key, query }) => {
				const name = /([a-z]+)[^/]*$/.exec(key)?.[1];
				return `${method} ${query.has("prefix") ? "list" : name}`;
			});
			expect(requests).to.deep.equal(expected);
		});

	const faults: [name: string, fate: Fate][] = [
		["the answer to any request is lost", "answer lost"],
		["any request is lost", "lost"],
		["the store is out of order", { status: 503, code: "SlowDown" }],
	];
	for (const format of ["columnar", "json"] as const)
		for (const [name, fate] of faults)
			it(`${format}: archives all the same when ${name}, once`, async () => {
				const archive = await open({ format });
				const archiveTwice = async (jobId: number) => {
					await archive.importJob(testJob({ jobId }), testData(1, 300));
					await archive.importJob(testJob({ jobId }), testData(2, 300));
				};
				const count = await requestsOf(() => archiveTwice(1));
				for (let n = 0; n < count; n++) {
					disturb(n, fate);
					await archiveTwice(n + 2);
					relay.fate = () => "relayed";
					const message = `request ${n} of ${count}`;
					const again = testJob({ jobId: n + 2 });
					await expectData(archive, again, testData(2, 300), message);
				}
				expect((await archive.info()).jobs).to.equal(count + 1);
				expect(await straysOf(archive)).to.deep.equal([]);
			});

	for (const format of ["columnar", "json"] as const)
		for (const [name, fate] of faults.slice(0, 2))
			it(`${format}: has the old job or the new one, whole, when ${name} for good`, async () => {
				const archive = await open({ format, retries: 0 });
				const versions = [testData(1, 300), testData(2, 300)];
				const count = await requestsOf(async () => {
					await archive.importJob(job, versions[0]);
					await archive.importJob(job, versions[1]);
				});
				for (let n = 0; n < count; n++) {
					const one = testJob({ jobId: 5000 + n });
					disturb(n, fate);
					const acknowledged = await archiveVersions(archive, one, versions);
					relay.fate = () => "relayed";
					const found = await versionFound(archive, one, versions);
					expect(found, `request ${n}`).to.be.at.least(acknowledged);
					await archive.importJob(one, versions[1]);
					await expectData(archive, one, versions[1]);
				}
				expect(await straysOf(archive)).to.deep.equal([]);
			});

	it("uploads a large job in parts, also when any of the answers is lost", async () => {
		const archive = await open();
		const data = largeData();
		await archive.importJob(job, data);
		const { bytes, encoding } = await archive.loadStoredData(job);
		expect(bytes.byteLength).to.be.above(10 * MIB);
		relay.requests.length = 0;
		const upload = async () => {
			const staged = await archive.stage(job);
			await staged.append(bytes);
			await staged.seal(encoding, job);
			await commitAll(archive, [staged]);
		};
		const count = await requestsOf(upload);
		const methods = relay.requests.map(({ method, query }) =>
			query.has("uploadId") || query.has("uploads") ? `${method} part` : method,
		);
		expect(methods.filter((it) => it === "PUT part")).to.have.length(3);
		expect(methods.filter((it) => it === "POST part")).to.have.length(2);
		for (let n = 0; n < count; n++) {
			disturb(n, "answer lost");
			await upload();
		}
		relay.fate = () => "relayed";
		expect(exactly(await archive.loadJobData(job))).to.deep.equal(
			exactly(data),
		);
		// An upload that was begun and not answered to is not known to anybody.
		await archive.close();
		const again = await open();
		expect(await straysOf(again)).to.deep.equal([]);
		expect(await place.contents()).to.have.length(5);
	});

	it("leaves no parts of an upload that fails", async () => {
		const archive = await open({ retries: 0 });
		const before = await place.contents();
		for (const what of ["partNumber", "uploads", "complete"]) {
			relay.fate = ({ method, query }) => {
				const isMeant =
					what === "complete"
						? method === "POST" && query.has("uploadId")
						: query.has(what);
				return isMeant ? { status: 500, code: "InternalError" } : "relayed";
			};
			const error = await rejected(archive.importJob(job, largeData()));
			expect(error.code).to.equal("ARCHIVE_WRITE_FAILED");
			expect(error.retryable).to.equal(true);
			relay.fate = () => "relayed";
			expect(await place.contents(), what).to.deep.equal(before);
		}
	});

	it("gives up on a store that does not answer, and closes in time", async () => {
		const timeoutMs = 1000;
		const archive = await open({ requestTimeoutMs: timeoutMs, retries: 1 });
		const jobs = Array.from({ length: 40 }, (_, jobId) => testJob({ jobId }));
		const staged = await stageAll(archive, jobs, () => testData(1));
		const left = await stage(archive, testJob({ jobId: 99 }), testData(1));
		relay.fate = () => "unanswered";
		const startMs = performance.now();
		const errors = await archive.commit(staged);
		expect(new Set(errors.map((error) => error?.code))).to.deep.equal(
			new Set(["ARCHIVE_WRITE_FAILED"]),
		);
		expect(errors[0]?.retryable).to.equal(true);
		expect(errors[0]?.message).to.include(`no answer within ${timeoutMs} ms`);
		// Not as long for each of them.
		expect(performance.now() - startMs).to.be.below(10 * timeoutMs);
		const read = await rejected(archive.loadJobData(job));
		expect(read.code).to.equal("ARCHIVE_UNREADABLE");
		const committing = archive.commit([left]);
		await archive.close();
		expect((await committing)[0]?.code).to.equal("ARCHIVE_WRITE_FAILED");
		const late = await rejected(archive.loadJobData(job));
		expect(late.code).to.equal("ARCHIVE_UNREADABLE");
	});

	const refusals: [Fate, string, boolean][] = [
		[{ status: 507, code: "InsufficientStorage" }, "ARCHIVE_FULL", true],
		[{ status: 403, code: "QuotaExceeded" }, "ARCHIVE_FULL", true],
		[{ status: 403, code: "AccessDenied" }, "ARCHIVE_READ_ONLY", true],
		[{ status: 500, code: "InternalError" }, "ARCHIVE_WRITE_FAILED", true],
		[{ status: 400, code: "InvalidRequest" }, "ARCHIVE_WRITE_FAILED", false],
		[
			{ status: 403, code: "SignatureDoesNotMatch" },
			"ARCHIVE_WRITE_FAILED",
			false,
		],
	];
	for (const [fate, code, retryable] of refusals)
		it(`answers ${JSON.stringify(fate)} with ${code}, and no secrets`, async () => {
			const archive = await open({ retries: 1 });
			relay.fate = ({ method }) => (method === "PUT" ? fate : "relayed");
			const error = await rejected(archive.importJob(job, testData(1)));
			expect(error.code).to.equal(code);
			expect(error.retryable).to.equal(retryable);
			expect(error.details).to.include({ jobId: job.jobId });
			const shown = inspect(error, { depth: 20, showHidden: true });
			expect(shown).not.to.include(S3_CREDENTIALS.secretAccessKey);
			expect(shown).not.to.match(/signature=|authorization/i);
		});

	it("is opened read-only where it may not be written to", async () => {
		const writer = await open();
		await writer.importJob(job, testData(1));
		await writer.close();
		relay.fate = ({ method }) =>
			method === "GET" || method === "HEAD"
				? "relayed"
				: { status: 403, code: "AccessDenied" };
		const archive = await place.open(QUICK);
		archives.push(archive);
		await expectData(archive, job, testData(1));
		const error = await rejected(archive.importJob(job, testData(2)));
		expect(error.code).to.equal("ARCHIVE_READ_ONLY");
	});

	const stores: [name: string, fate: (key: string) => Fate][] = [
		[
			"passes over conditions",
			(key) => (body, headers) => {
				const sha256 = String(headers["x-amz-meta-sha256"]);
				return place.putWithHash(key, body, sha256);
			},
		],
		["refuses conditions", () => ({ status: 501, code: "NotImplemented" })],
	];
	for (const [name, fate] of stores)
		for (const format of ["columnar", "json"] as const)
			it(`${format}: does without them where a store ${name}`, async () => {
				relay.fate = ({ conditional, key }) =>
					conditional ? fate(ownKey(key)) : "relayed";
				const archive = await open({ format });
				await archive.importJob(job, testData(1));
				const tags = [{ type: "user", name: "look" }];
				await archive.storeJobMeta({ ...job, tags });
				await archive.importJob(job, testData(2));
				await expectData(archive, job, testData(2));
				expect((await archive.loadJobMeta(job)).tags).to.deep.equal(tags);
				const asked = relay.requests.filter(({ key, conditional }) => {
					return conditional && !key.endsWith(".lock");
				});
				expect(asked).to.deep.equal([]);
			});

	it("keeps the tags that somebody else sets in the same moment", async () => {
		const archive = await open();
		await archive.importJob(job, testData(1));
		const staged = await stage(archive, job, testData(2));
		let isSet = false;
		relay.fate = ({ method, key }) => {
			if (method !== "PUT" || !key.endsWith("meta.json") || isSet)
				return "relayed";
			isSet = true;
			const own = ownKey(key);
			return place.get(own).then(async (bytes) => {
				const meta = JSON.parse(Buffer.from(bytes).toString());
				meta.tags = [{ type: "user", name: "look", scope: "global" }];
				await place.put(own, JSON.stringify(meta));
				return "relayed" as const;
			});
		};
		await commitAll(archive, [staged]);
		expect(isSet).to.equal(true);
		await expectData(archive, job, testData(2));
		const { tags } = await archive.loadJobMeta(job);
		expect(tags.map((tag) => tag.name)).to.deep.equal(["look"]);
	});
});

/** Archives a job version by version, and again what failed. @returns the last that was acknowledged, -1: none. */
async function archiveVersions(
	archive: Archive,
	job: Job,
	versions: readonly JobData[],
): Promise<number> {
	let acknowledged = -1;
	for (const [version, data] of versions.entries())
		try {
			await archive.importJob(job, data);
			acknowledged = version;
		} catch {
			// Whether it is there is what the caller finds out.
		}
	return acknowledged;
}

/** Which version of a job's data is there, to the bit; -1: there is no such job. */
async function versionFound(
	archive: Archive,
	job: Job,
	versions: readonly JobData[],
): Promise<number> {
	if (!(await archive.exists(job))) return -1;
	const found = JSON.stringify(exactly(await archive.loadJobData(job)));
	const texts = versions.map((data) => JSON.stringify(exactly(data)));
	expect(texts).to.include(found);
	return texts.indexOf(found);
}

async function straysOf(archive: Archive): Promise<string[]> {
	const paths: string[] = [];
	for await (const { code, path } of archive.strays())
		paths.push(`${code} ${path}`);
	return paths;
}

/** Over 10 MiB of random bits, which do not get smaller. */
function largeData(): JobData {
	const column = testColumn({ series: 1, samplesPerSeries: 1_700_000 });
	const random = seededRandom(3);
	for (let i = 0; i < column.samples.length; i++)
		column.samples[i] = random() + random() / 2 ** 32;
	return dataOf([column]);
}
