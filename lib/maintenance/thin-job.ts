import type { Archive, StoredData } from "../archive/archive.js";
import { dataFactsOf, replaceDataFacts } from "../archive/data-facts.js";
import type { DataFormat } from "../codec/column.js";
import type { FinishedJob, Preparation } from "../dispatch/messages.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { metricsOf } from "../schema/cluster-lookup.js";
import type { Job, JobStatistics } from "../schema/job.js";
import { record } from "../schema/record.js";
import { round2 } from "../schema/round.js";
import { JobWriter } from "./job-writer.js";
import { factsOf, type RecodedJob, recodeInPlace } from "./recode.js";
import type { JobOutcome, JobWork } from "./walk-jobs.js";

/** Old jobs are not written again: they may as well be small. */
const COMPRESSION = "small";

/** What is left of a job's series: samples so many seconds apart, or nothing. */
export type Thinning = { resolutionSeconds: number } | "drop";

/**
 * Makes jobs smaller at the price of their samples, in place. Meta, statistics of the job, footprint and energy stay; a
 * meta without statistics gets those of the samples as they were. A job stays in its format.
 */
export class JobThinner {
	/** Bytes of the thinned jobs' data, before and after. */
	bytesBefore = 0;
	bytes = 0;
	readonly #archive: Archive;
	readonly #pool: Pick<WorkerPool, "run">;
	readonly #thinning: Thinning;
	readonly #writer: JobWriter;
	/** Cluster and subcluster -> metrics that are amounts. */
	readonly #amounts = new Map<string, Promise<ReadonlySet<string>>>();

	constructor(
		archive: Archive,
		pool: Pick<WorkerPool, "run">,
		thinning: Thinning,
	) {
		this.#archive = archive;
		this.#pool = pool;
		this.#thinning = thinning;
		this.#writer = new JobWriter(archive);
	}

	async visit(job: Job): Promise<JobOutcome | JobWork> {
		if (this.#isThin(dataFactsOf(job)?.thinned)) return "skipped";
		const stored = await this.#archive.loadStoredData(job);
		return {
			bytes: stored.bytes.byteLength,
			run: () => this.#thin(job, stored),
		};
	}

	#isThin(thinned: number | "dropped" | undefined): boolean {
		if (thinned === undefined) return false;
		if (this.#thinning === "drop") return thinned === "dropped";
		return thinned === "dropped" || thinned >= this.#thinning.resolutionSeconds;
	}

	async #thin(job: Job, stored: StoredData): Promise<JobOutcome> {
		const bytesBefore = stored.bytes.byteLength;
		const format = stored.encoding === "columnar" ? "columnar" : "json";
		const { bytes, encoding, finished, statistics } =
			this.#thinning === "drop"
				? await this.#drop(job, stored, format)
				: await this.#resample(job, stored, format);
		const thinned =
			this.#thinning === "drop" ? "dropped" : this.#thinning.resolutionSeconds;
		const thin = replaceDataFacts(
			{ ...job, statistics },
			{ ...factsOf(finished, format, COMPRESSION), thinned },
		);
		await this.#writer.write(thin, bytes, encoding);
		this.bytesBefore += bytesBefore;
		this.bytes += bytes.byteLength;
		return "done";
	}

	async #resample(
		job: Job,
		stored: StoredData,
		format: DataFormat,
	): Promise<ThinJob> {
		const { resolutionSeconds } = this.#thinning as Exclude<Thinning, "drop">;
		const amounts = await this.#amountsOf(job);
		const recoded = await this.#recode(stored, format, {
			resolutionSeconds,
			amounts,
		});
		const { statistics = statisticsOf(recoded.finished) } = job;
		return { ...recoded, statistics };
	}

	/** Data that are dropped are decoded only for statistics that the meta lacks. */
	async #drop(
		{ statistics }: Job,
		stored: StoredData,
		format: DataFormat,
	): Promise<ThinJob> {
		const measured =
			statistics ?? statisticsOf((await this.#recode(stored, format)).finished);
		const { bytes, finished } = await this.#pool.run({
			kind: "encode",
			chunk: {
				kind: "samples",
				columns: [],
				buffer: new ArrayBuffer(0),
				last: true,
			},
			whole: true,
			format,
			compression: COMPRESSION,
		});
		if (finished === undefined)
			throw new TypeError("a whole job comes back finished");
		const { encoding } = finished;
		return { bytes, encoding, finished, statistics: measured };
	}

	#recode(
		stored: StoredData,
		format: DataFormat,
		preparation?: Preparation,
	): Promise<RecodedJob> {
		const recoding = { format, compression: COMPRESSION, preparation } as const;
		return recodeInPlace(this.#pool, stored, recoding);
	}

	/** Metrics that have no average: their samples are amounts in a timestep. */
	#amountsOf({ cluster, subCluster }: Job): Promise<ReadonlySet<string>> {
		const name = `${cluster}/${subCluster}`;
		let amounts = this.#amounts.get(name);
		if (amounts === undefined) {
			amounts = this.#loadAmounts(cluster, subCluster);
			this.#amounts.set(name, amounts);
		}
		return amounts;
	}

	async #loadAmounts(
		cluster: string,
		subCluster: string,
	): Promise<ReadonlySet<string>> {
		const config = await this.#archive.loadClusterConfig(cluster);
		const amounts = metricsOf(config, subCluster).filter(
			({ energy }) => energy === "energy",
		);
		return new Set(amounts.map(({ name }) => name));
	}
}

interface ThinJob extends RecodedJob {
	statistics: Record<string, JobStatistics>;
}

/** As a meta holds them. */
function statisticsOf({
	statistics,
}: FinishedJob): Record<string, JobStatistics> {
	const rounded = record<JobStatistics>();
	for (const [name, entry] of statistics)
		rounded[name] = { ...entry, avg: round2(entry.avg) };
	return rounded;
}
