import { ArchiverError } from "../../errors.js";
import type { Cluster } from "../../schema/cluster.js";
import type { Job, JobKey } from "../../schema/job.js";
import { MONITORING_STATUS } from "../../schema/job.js";
import type { LoadRequest, MetricSource, SamplesChunk } from "../source.js";
import { adoptMetrics } from "./adopt-metrics.js";
import { Breather } from "./breather.js";
import {
	type ClusterConfigProvider,
	ClusterConfigs,
} from "./cluster-configs.js";
import { newCounts, type StoreCounts } from "./counts.js";
import { type HeldJob, Holds } from "./holds.js";
import {
	type IngestOptions,
	type IngestResult,
	LineIngest,
} from "./line-ingest.js";
import type { LineText } from "./line-pieces.js";
import { MemoryBudget } from "./memory-budget.js";
import {
	type EffectiveOptions,
	effectiveOptions,
	type MemoryMetricStoreOptions,
} from "./options.js";
import { Retention } from "./retention.js";
import { SampleWriter, SeriesHandle } from "./sample-writer.js";
import type { Host } from "./series.js";
import { SeriesTable } from "./series-table.js";
import { readSnapshot, type SavedSeries } from "./snapshot-read.js";
import { type SnapshotFacts, writeSnapshot } from "./snapshot-write.js";
import { takeOut } from "./take-out.js";

/** A sample with everything that says where it belongs. */
export interface Sample {
	cluster: string;
	hostname: string;
	metric: string;
	/** Name of the device at the scope that the metric is measured at; absent at node scope. */
	device?: string;
	/** Unix seconds, fractions allowed. */
	timestampSeconds: number;
	value: number;
}

export interface MemoryMetricStoreStats extends StoreCounts {
	series: number;
	/** Bytes that samples and their series take. */
	usedBytes: number;
	maxBytes: number;
	/** Seconds of samples that are kept at present: the retention, or less where memory is short. */
	windowSeconds: number;
	heldJobs: number;
	snapshots: number;
	snapshotsFailed: number;
}

/**
 * Keeps the samples of clusters in memory, and hands them out when jobs are archived: the source for a backend that
 * receives the metrics itself.
 *
 * A series is what one device of a host measures of one metric, at the scope the metric is measured at. Its samples lie in
 * slots a timestep apart. A sample goes to the slot nearest to its time, so one may come early or late by less than half a
 * timestep; out of order is as good as in order, and of two in one slot the later written stays.
 */
export class MemoryMetricStore implements MetricSource {
	readonly #options: EffectiveOptions;
	readonly #table = new SeriesTable();
	readonly #counts = newCounts();
	readonly #budget: MemoryBudget;
	readonly #retention: Retention;
	readonly #holds = new Holds(this.#table);
	readonly #writer: SampleWriter;
	readonly #lines: LineIngest;
	readonly #configs: ClusterConfigs;
	readonly #timer: NodeJS.Timeout | undefined;
	/** The last snapshot asked for; each waits for the one before it. */
	#snapshot: Promise<unknown> = Promise.resolve();
	#snapshots = 0;
	#snapshotsFailed = 0;
	#closed: Promise<void> | undefined;

	/** @throws ArchiverError INVALID_OPTION, listing every problem */
	constructor(options: MemoryMetricStoreOptions) {
		const effective = effectiveOptions(options);
		const { clusters, retentionSeconds, maxBytes, onPressure, clock, pool } =
			effective;
		this.#options = effective;
		this.#budget = new MemoryBudget(maxBytes, onPressure);
		this.#retention = new Retention(
			this.#table,
			this.#budget,
			this.#counts,
			retentionSeconds,
		);
		this.#writer = new SampleWriter(
			this.#table,
			this.#retention,
			this.#counts,
			effective,
		);
		this.#lines = new LineIngest({
			table: this.#table,
			writer: this.#writer,
			counts: this.#counts,
			clock,
			pool,
			loadCluster: (name) => this.#loadCluster(name),
		});
		if (isProvider(clusters)) this.#configs = new ClusterConfigs(clusters);
		else {
			this.#configs = new ClusterConfigs();
			for (const cluster of clusters) this.#table.configure(cluster);
		}
		this.#timer = this.#startTimer();
	}

	/**
	 * A store with what a snapshot holds, held jobs included; an empty one when there is no file at `path`, as at the first
	 * start. Jobs that were archived since the snapshot are held again: release them, or their samples stay.
	 *
	 * @throws ArchiverError DATA_CORRUPT with path and offset when the snapshot is damaged, FORMAT_UNSUPPORTED,
	 *   SNAPSHOT_FAILED when it cannot be read, INVALID_OPTION. There is no store then.
	 */
	static async restore(
		path: string,
		options: MemoryMetricStoreOptions,
	): Promise<MemoryMetricStore> {
		const store = new MemoryMetricStore(options);
		try {
			await store.#restore(path);
			return store;
		} catch (error) {
			clearInterval(store.#timer);
			throw error;
		}
	}

	/**
	 * Makes a cluster known, or its new configuration. A metric that has got another timestep takes its samples along, each
	 * to the slot nearest to it; of a metric that is gone or is measured at another scope now, the samples are dropped.
	 * Resolves when all series are where they belong.
	 */
	async configure(cluster: Cluster): Promise<void> {
		this.#table.configure(cluster);
		this.#lines.forgetKeys();
		const breather = new Breather();
		for (const host of this.#table.hosts(cluster.name)) {
			this.#adopt(host);
			if (breather.isDue) await breather.pause();
		}
	}

	/**
	 * A handle on one series, the quickest way to write to it again and again. What it is written of a cluster or metric that
	 * is not configured, or of a device where the metric has none, counts as unknown.
	 *
	 * @param device - Name of the device at the scope that the metric is measured at; absent at node scope.
	 */
	series(
		cluster: string,
		hostname: string,
		metric: string,
		device = "",
	): SeriesHandle {
		return new SeriesHandle(this.#writer, cluster, hostname, metric, device);
	}

	/**
	 * Stores one sample. One that is not stored is counted: see {@link MemoryMetricStore.stats}.
	 *
	 * @returns whether it is stored.
	 */
	write(sample: Sample): boolean {
		const { cluster, hostname, metric, device = "" } = sample;
		const series = this.#writer.open(cluster, hostname, metric, device);
		return (
			series !== undefined &&
			this.#writer.write(series, sample.timestampSeconds, sample.value)
		);
	}

	/**
	 * Stores the samples of InfluxDB line protocol, as cc-metric-collector sends it:
	 * `name,cluster=…,hostname=…,type=…,type-id=… value=… timestamp`. Other tags and fields don't matter, except that lines
	 * about a part of a device (`stype`) are unknown, since no scope is that fine. A line without a time has come now.
	 *
	 * Large texts are read in the pool, if there is one; the event loop runs in between in any case. The same text may be
	 * given again after a failure.
	 *
	 * @param text - Bytes must not change until this resolves.
	 * @returns what became of the lines, with the first malformed ones.
	 * @throws ArchiverError what the pool or the provider of clusters failed with; lines up to there are stored.
	 */
	ingestLineProtocol(
		text: LineText,
		options: IngestOptions = {},
	): Promise<IngestResult> {
		return this.#lines.ingest(text, options);
	}

	/**
	 * Takes out a job: see `docs/metric-stores.md` for which samples stand for its interval. Series without a sample in it are
	 * left out.
	 *
	 * @throws ArchiverError ABORTED, CLUSTER_UNKNOWN
	 */
	async *load(request: LoadRequest): AsyncGenerator<SamplesChunk> {
		const { cluster } = request.job;
		await this.#loadCluster(cluster);
		yield* takeOut(request, {
			metric: (name) => this.#table.metric(cluster, name),
			host: (hostname) => {
				const host = this.#table.findHost(cluster, hostname);
				if (host !== undefined) this.#adopt(host);
				return host;
			},
		});
	}

	/** Keeps what a job needs, from its start on, until {@link MemoryMetricStore.release}. Safe to call again. */
	hold(job: HeldJob): void {
		this.#holds.hold(job);
	}

	/** Lets go of a job's samples, as far as no other job and not the retention keep them. */
	release(job: JobKey): void {
		const hosts = this.#holds.release(job);
		if (hosts.length > 0) void this.#retention.relax(hosts);
	}

	/** The jobs that are held. */
	heldJobs(): HeldJob[] {
		return this.#holds.jobs;
	}

	/**
	 * Hooks for an archiver: a job is held from its start until it is archived. One whose archiving fails stays held, so that
	 * it can be tried again; let go of it with {@link MemoryMetricStore.release} when it is given up.
	 */
	hooks(): { onJobStart(job: Job): void; onJobStop(job: Job): void } {
		return {
			onJobStart: (job) => {
				if (job.monitoringStatus !== MONITORING_STATUS.disabled) this.hold(job);
			},
			onJobStop: (job) => this.release(job),
		};
	}

	/**
	 * Drops what is past the retention: series that nothing has come for, and the samples of released jobs. Runs by itself
	 * whenever the store has grown.
	 */
	sweep(): Promise<void> {
		return this.#retention.sweep();
	}

	/**
	 * Writes everything to a file, in the pool if there is one, in small slices else. A file that is there is replaced when the
	 * new one is on disk. Only one store may write to a path.
	 *
	 * @throws ArchiverError SNAPSHOT_FAILED; a file that was there is still there.
	 */
	snapshot(path: string): Promise<SnapshotFacts> {
		const snapshot = this.#snapshot.then(() => this.#writeSnapshot(path));
		this.#snapshot = snapshot.catch(() => {});
		return snapshot;
	}

	stats(): MemoryMetricStoreStats {
		return {
			...this.#counts,
			series: this.#table.series,
			usedBytes: this.#budget.usedBytes,
			maxBytes: this.#budget.maxBytes,
			windowSeconds: this.#retention.windowSeconds,
			heldJobs: this.#holds.size,
			snapshots: this.#snapshots,
			snapshotsFailed: this.#snapshotsFailed,
		};
	}

	/**
	 * Ends the snapshots that the store takes by itself, with a last one where there is a `snapshotPath`.
	 *
	 * @throws ArchiverError SNAPSHOT_FAILED
	 */
	close(): Promise<void> {
		this.#closed ??= this.#close();
		return this.#closed;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #close(): Promise<void> {
		clearInterval(this.#timer);
		const { snapshotPath } = this.#options;
		if (snapshotPath === undefined) await this.#snapshot;
		else await this.snapshot(snapshotPath);
	}

	#startTimer(): NodeJS.Timeout | undefined {
		const { snapshotPath, snapshotEveryMs, logger } = this.#options;
		if (snapshotPath === undefined || snapshotEveryMs === 0) return undefined;
		let isUnderWay = false;
		const timer = setInterval(async () => {
			if (isUnderWay) return;
			isUnderWay = true;
			try {
				await this.snapshot(snapshotPath);
			} catch (err) {
				logger?.error({ err }, "snapshot failed");
			} finally {
				isUnderWay = false;
			}
		}, snapshotEveryMs);
		return timer.unref();
	}

	async #writeSnapshot(path: string): Promise<SnapshotFacts> {
		try {
			const facts = await writeSnapshot(path, {
				table: this.#table,
				heldJobs: this.#holds.jobs,
				adopt: (host) => this.#adopt(host),
				pool: this.#options.pool,
			});
			this.#snapshots++;
			return facts;
		} catch (error) {
			this.#snapshotsFailed++;
			throw error;
		}
	}

	async #restore(path: string): Promise<void> {
		const heldJobs = await readSnapshot(path, async (series) => {
			await this.#loadCluster(series[0].cluster);
			for (const saved of series) this.#restoreSeries(saved);
		});
		for (const job of heldJobs ?? []) this.#holds.hold(job);
		for (const cluster of this.#table.clusters())
			for (const host of this.#table.hosts(cluster)) this.#adopt(host);
	}

	#adopt(host: Host): void {
		adoptMetrics(host, this.#table, this.#retention);
	}

	#restoreSeries(saved: SavedSeries): void {
		const { cluster, hostname, metric, device, scope, timestep } = saved;
		if (this.#table.metric(cluster, metric)?.scope !== scope) {
			for (const value of saved.samples)
				if (!Number.isNaN(value)) this.#counts.unknown++;
			return;
		}
		const series = this.#writer.open(cluster, hostname, metric, device);
		if (series === undefined) return;
		const { measurement } = series;
		// On the grid that it was saved on, until its metric is adopted.
		measurement.metric = { ...measurement.metric, timestep };
		measurement.resume(saved.phase);
		this.#retention.restore(series, saved.firstSlot, saved.samples);
	}

	async #loadCluster(name: string): Promise<void> {
		if (this.#table.isConfigured(name)) return;
		const cluster = await this.#configs.find(name);
		// Somebody else may have been waiting for the same one.
		if (cluster === undefined || this.#table.isConfigured(name)) return;
		if (cluster.name !== name)
			throw new ArchiverError(
				"CLUSTER_UNKNOWN",
				`asked for cluster ${name}, the provider answered with ${cluster.name}`,
				{ cluster: name },
			);
		this.#table.configure(cluster);
	}
}

function isProvider(
	clusters: readonly Cluster[] | ClusterConfigProvider,
): clusters is ClusterConfigProvider {
	return "loadClusterConfig" in clusters;
}
