import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Archive, openArchive } from "../lib/index.js";
import { gate, type HouseOptions, useHouse } from "./support/house.js";
import { testColumn } from "./support/jobs.js";
import { seededRandom } from "./support/random.js";
import { isSettled } from "./support/rejected.js";
import {
	type ScriptedFileSystem,
	scriptedFileSystem,
} from "./support/scripted-file-system.js";
import { columnsFor, ScriptedSource } from "./support/scripted-source.js";
import { useTempFolder } from "./support/temp-folder.js";
import { until } from "./support/until.js";

const KIB = 1024;

/** The nice values of this process's threads. */
function nices(): number[] {
	return readdirSync("/proc/self/task").flatMap((id) => {
		const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
		// Behind the name in parentheses, the third field of the line, `nice` is the 19th.
		return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
	});
}

describe("the environment variable", () => {
	const openHouse = useHouse();
	const tempFolder = useTempFolder();

	/** A house whose archiver is tuned by nothing but `env`. */
	function openTuned(env: Record<string, string>, parts: HouseOptions = {}) {
		return openHouse({
			...parts,
			env,
			options: { poolMaxThreads: undefined, ...parts.options },
		});
	}

	it("ARCHIVER_CHANNEL_CAPACITY sets how many jobs are taken on at once", async () => {
		const hanging = gate();
		const source = new ScriptedSource(async ({ job }) => {
			await hanging.opened;
			return columnsFor(job);
		});
		const { archiver, registerIds } = await openTuned(
			{ ARCHIVER_CHANNEL_CAPACITY: "2" },
			{ source },
		);
		const jobs = await registerIds([1, 2, 3]);
		await archiver.triggerArchiving(jobs[0]);
		await archiver.triggerArchiving(jobs[1]);
		const third = archiver.triggerArchiving(jobs[2]);
		expect(await isSettled(third)).to.equal(false);
		hanging.open();
		await third;
	});

	it("ARCHIVER_POOL_MIN_THREADS sets how many threads start before they are needed", async () => {
		const { archiver } = await openTuned({ ARCHIVER_POOL_MIN_THREADS: "3" });
		expect(archiver.stats().threads).to.equal(3);
	});

	it("ARCHIVER_POOL_MAX_THREADS sets how many threads a burst of work may have", async () => {
		for (const most of [1, 3]) {
			const env = {
				ARCHIVER_POOL_MIN_THREADS: "0",
				ARCHIVER_POOL_MAX_THREADS: String(most),
			};
			const { archiver, registerIds } = await openTuned(env);
			const jobs = await registerIds([1, 2, 3, 4, 5, 6]);
			const archived = jobs.map((job) => archiver.archiveJob(job));
			let seen = 0;
			const watch = setInterval(() => {
				seen = Math.max(seen, archiver.stats().threads);
			}, 1);
			await Promise.all(archived);
			clearInterval(watch);
			expect(seen).to.equal(most);
		}
	});

	it("ARCHIVER_POOL_IDLE_TIMEOUT_MS sets when a thread above the minimum ends", async () => {
		const env = {
			ARCHIVER_POOL_MIN_THREADS: "0",
			ARCHIVER_POOL_MAX_THREADS: "1",
			ARCHIVER_POOL_IDLE_TIMEOUT_MS: "1",
		};
		const { archiver, registerIds } = await openTuned(env);
		const [job, again] = await registerIds([1, 2]);
		await archiver.archiveJob(job);
		await until(() => archiver.stats().threads === 0);
		await archiver.archiveJob(again);
	});

	it("ARCHIVER_BUFFER_BYTES bounds the bytes in flight", async () => {
		const source = new ScriptedSource(({ job }) => columnsFor(job, 4 * KIB));
		const env = { ARCHIVER_BUFFER_BYTES: String(256 * KIB) };
		const { archiver, registerIds } = await openTuned(env, { source });
		const jobs = await registerIds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
		await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
		const { peakBytesInFlight, bytesInFlight } = archiver.stats();
		expect(peakBytesInFlight).to.be.within(64 * KIB, 256 * KIB);
		expect(bytesInFlight).to.equal(0);
	});

	it("ARCHIVER_BUFFER_CHUNK_BYTES sets how large a chunk is asked of the source", async () => {
		for (const [chunkBytes, chunks] of [
			[64 * KIB, 2],
			[32 * KIB, 4],
		]) {
			let encoded = 0;
			const source = new ScriptedSource(({ job }) => [
				...columnsFor(job, 4 * KIB),
				...moreColumns(4 * KIB),
			]);
			const env = { ARCHIVER_BUFFER_CHUNK_BYTES: String(chunkBytes) };
			const { archiver, archive, registerIds } = await openTuned(env, {
				source,
			});
			const stage = archive.stage.bind(archive);
			archive.stage = async (key) => {
				const staged = await stage(key);
				const append = staged.append.bind(staged);
				const give = staged.give.bind(staged);
				staged.append = (bytes) => {
					encoded++;
					return append(bytes);
				};
				staged.give = (bytes) => {
					encoded++;
					return give(bytes);
				};
				return staged;
			};
			const [job] = await registerIds([1]);
			await archiver.archiveJob(job);
			expect(source.requests[0].maxChunkBytes).to.equal(chunkBytes);
			expect(encoded, "header, chunks and index").to.equal(chunks + 2);
		}
	});

	it("ARCHIVER_POOL_NICE and ARCHIVER_WRITER_NICE set how far threads give way, and the main thread does not", async function () {
		const own = getPriority();
		// Threads cannot be less nice than their process.
		if (process.platform !== "linux" || own > 3) {
			console.log(
				"      skipped: threads have no nice values of their own here, or the process is nice itself; to run it: npm test on Linux, not under nice",
			);
			this.skip();
		}
		const before = nices();
		const { archiver, registerIds } = await openTuned({
			ARCHIVER_POOL_MAX_THREADS: "3",
			ARCHIVER_POOL_NICE: "7",
			ARCHIVER_WRITER_NICE: "4",
		});
		const jobs = await registerIds([1, 2, 3]);
		await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
		const after = nices();
		const more = (nice: number) =>
			after.filter((it) => it === nice).length -
			before.filter((it) => it === nice).length;
		expect([more(7), more(4)]).to.deep.equal([3, 1]);
		expect(getPriority(), "the main thread").to.equal(own);
	});

	it("ARCHIVER_WRITER_GROUP_JOBS sets how many jobs share a commit", async () => {
		const { groups } = await commitGroups({ ARCHIVER_WRITER_GROUP_JOBS: "4" });
		const [first, ...rest] = groups;
		expect(rest.slice(0, -1)).to.deep.equal(rest.slice(0, -1).fill(4));
		expect(first).to.be.at.most(4);
		expect(rest).to.have.lengthOf(Math.ceil((11 - first) / 4));
	});

	it("ARCHIVER_WRITER_GROUP_DELAY_MS lets a commit wait for jobs to join it", async () => {
		const { groups } = await commitGroups({
			ARCHIVER_WRITER_GROUP_DELAY_MS: "1500",
		});
		expect(groups).to.deep.equal([11]);
	});

	it("ARCHIVER_CORE_SCOPE_MAX_NODES sets up to how many nodes a job is archived at core scope", async () => {
		const source = new ScriptedSource();
		const { archiver, registerIds } = await openTuned(
			{ ARCHIVER_CORE_SCOPE_MAX_NODES: "2" },
			{ source },
		);
		for (const [jobId, numNodes] of [
			[1, 2],
			[2, 3],
		]) {
			const [job] = await registerIds([jobId], { numNodes });
			await archiver.archiveJob(job);
		}
		const scopes = source.requests.map(
			({ metrics }) =>
				metrics.find(({ config }) => config.name === "flops_any")?.scopes,
		);
		expect(scopes).to.deep.equal([["node", "core"], ["node"]]);
	});

	it("ARCHIVER_HOOK_TIMEOUT_MS sets how long a hook is waited for", async () => {
		const hooks = [{ onJobStop: () => new Promise<void>(() => {}) }];
		const { archiver, registerIds } = await openTuned(
			{ ARCHIVER_HOOK_TIMEOUT_MS: "5" },
			{ hooks },
		);
		const [job] = await registerIds([1]);
		await archiver.archiveJob(job);
		await archiver.shutdown(5000);
	});

	it("ARCHIVER_SHUTDOWN_TIMEOUT_MS sets how long shutdown waits", async () => {
		const source = new ScriptedSource(() => new Promise(() => {}));
		const { archiver, registerIds } = await openTuned(
			{ ARCHIVER_SHUTDOWN_TIMEOUT_MS: "1" },
			{ source },
		);
		const [job] = await registerIds([1]);
		await archiver.triggerArchiving(job);
		const error = await archiver.shutdown().then(
			() => undefined,
			(reason) => reason,
		);
		expect(error.code).to.equal("ARCHIVER_SHUTDOWN_TIMEOUT");
	});

	it("ARCHIVER_WRITER_PARALLEL_FILES sets how many file operations are under way at once", async () => {
		for (const most of [1, 3]) {
			const fileSystem = scriptedFileSystem();
			await archiveFive(
				{ ARCHIVER_WRITER_PARALLEL_FILES: String(most) },
				fileSystem,
			);
			expect(fileSystem.mostAtOnce).to.equal(most);
		}
	});

	it("ARCHIVER_FSYNC sets whether files and folders are synced", async () => {
		for (const [word, syncs] of [
			["on", true],
			["off", false],
		] as const) {
			const fileSystem = scriptedFileSystem();
			await archiveFive({ ARCHIVER_FSYNC: word }, fileSystem);
			const synced = fileSystem.calls.filter(
				({ name }) => name === "file.sync",
			);
			// One of them is the lock's, which is synced whatever is set.
			expect(synced.length > 1).to.equal(syncs);
		}
	});

	it("ARCHIVER_FORMAT and ARCHIVER_COMPRESSION set how new jobs are written", async () => {
		const columnar = await archiveFive({});
		const small = await archiveFive({ ARCHIVER_COMPRESSION: "small" });
		const json = await archiveFive({ ARCHIVER_FORMAT: "json" });
		expect(columnar.formats).to.deep.equal({ columnar: 5, json: 0 });
		expect(json.formats).to.deep.equal({ columnar: 0, json: 5 });
		expect(small.bytes).to.be.below(columnar.bytes);
	});

	/** Archives five jobs in an archive that is opened with nothing but `env`; what it says of them afterwards. */
	async function archiveFive(
		env: Record<string, string>,
		fileSystem?: ScriptedFileSystem,
	) {
		const archive = await openArchive(
			join(tempFolder(), String(Math.random())),
			{ env, fileSystem },
		);
		const source = new ScriptedSource(() => [stepsColumn()]);
		const { archiver, registerIds } = await openHouse({ archive, source });
		const jobs = await registerIds([1, 2, 3, 4, 5]);
		await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
		return (await archive.info()).clusters.testcluster;
	}

	/** Sizes of the commits when all of eleven jobs become ready before the first commit is done. */
	async function commitGroups(
		env: Record<string, string>,
	): Promise<{ groups: number[] }> {
		const { archiver, archive, registerIds } = await openTuned({
			ARCHIVER_POOL_MAX_THREADS: "1",
			...env,
		});
		const groups = spyOnCommits(archive, async (group, isFirst) => {
			if (isFirst) await until(() => archiver.stats().ready === 11 - group);
		});
		const jobs = await registerIds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
		await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
		return { groups };
	}
});

function spyOnCommits(
	archive: Archive,
	before: (jobs: number, isFirst: boolean) => Promise<void>,
): number[] {
	const sizes: number[] = [];
	const commit = archive.commit.bind(archive);
	archive.commit = async (staged) => {
		sizes.push(staged.length);
		await before(staged.length, sizes.length === 1);
		return commit(staged);
	};
	return sizes;
}

function moreColumns(samplesPerSeries: number) {
	return ["flops_any", "mem_bw"].map((metric) =>
		testColumn({ metric, series: 1, samplesPerSeries }),
	);
}

/** Small steps up and down, which tell much of the next one: where the harder encoding gains. */
function stepsColumn() {
	const random = seededRandom(1);
	const column = testColumn({
		metric: "cpu_load",
		series: 1,
		samplesPerSeries: 4000,
	});
	let level = 50;
	column.samples.forEach((_, i) => {
		level = Math.max(0, level + Math.round(random() * 2 - 1));
		column.samples[i] = level;
	});
	return column;
}
