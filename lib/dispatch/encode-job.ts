import type { Archive, StagedJob } from "../archive/archive.js";
import { fileHeader } from "../codec/columnar/index.js";
import type { ArchiverOptions } from "../config.js";
import { ArchiverError, toArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import type { Completeness } from "../schema/completeness.js";
import { formatJobKey, type Job } from "../schema/job.js";
import { serializeJob } from "../schema/job-json.js";
import { demandStructure } from "../schema/published/demand.js";
import { publishedMetaDeviations } from "../schema/published/job-meta.js";
import { buffersOf } from "../source/chunk-buffers.js";
import type { MetricChunk, MetricSource } from "../source/source.js";
import type { AcceptedJob, EncodedJob } from "./accepted-job.js";
import type { Budget, Lease } from "./budget.js";
import type { BufferRecycler } from "./buffers.js";
import type { ClusterCatalog } from "./clusters.js";
import { describeArchived } from "./describe-archived.js";
import { findDurableJob } from "./durable-job.js";
import type { RunOptions } from "./errand.js";
import type { ChunkSummary, EncodedChunk, FinishedJob } from "./messages.js";
import { type JobPlan, planJob } from "./plan-job.js";
import type { WorkerPool } from "./pool.js";

/** Rooms and settings that a job meets on its way to the archive's staging. */
export interface EncodingContext {
	archive: Archive;
	source: MetricSource;
	repository: JobRepository;
	clusters: ClusterCatalog;
	pool: WorkerPool;
	budget: Budget;
	buffers: BufferRecycler;
	options: Readonly<ArchiverOptions>;
	/** Largest chunk asked of a source: see {@link chunkBytesOf}. */
	chunkBytes: number;
	/** Told when loading is over and computing goes on. */
	onLoaded(accepted: AcceptedJob): void;
}

/** Chunks of no more are copied to a worker, and may go there together: encoding one takes less time than the way there. */
const SMALL_CHUNK_BYTES = 2 ** 14;

/**
 * Chunks are at most a quarter of the buffer, so that the head of the order, a chunk in its hands and one that it
 * waits for, leaves half of the buffer to the jobs behind it.
 */
export function chunkBytesOf({
	bufferBytes,
	bufferChunkBytes,
}: Readonly<ArchiverOptions>): number {
	return Math.max(1, Math.min(bufferChunkBytes, Math.floor(bufferBytes / 4)));
}

/**
 * Takes one job from its source to the archive's staging: chunks are loaded as memory is granted, encoded by the pool
 * in any order, and appended in theirs. Resolves when the job is sealed; what is left is to make it visible in its turn.
 *
 * @throws ArchiverError why it cannot be archived; nothing of it is left behind then.
 */
export async function encodeJob(
	accepted: AcceptedJob,
	context: EncodingContext,
): Promise<EncodedJob> {
	const { order, signal } = accepted;
	let lease: Lease | undefined;
	let staged: StagedJob | undefined;
	try {
		signal.throwIfAborted();
		const durable = accepted.recovered
			? await findDurableJob(accepted, context)
			: undefined;
		if (durable !== undefined) return durable;
		const job = await completeJob(accepted.job, context.repository);
		const plan = await planJob(job, context);
		// Memory before anything is opened for the job: many may have to wait for it. A small job asks for little.
		const bytes = Math.min(context.chunkBytes, plan.expectedBytes);
		lease = await context.budget.acquire(order, bytes, signal);
		staged = await context.archive.stage(job);
		const stream = new ChunkStream(accepted, plan, staged, lease, context);
		const finished = await stream.run();
		const describe = (notes: readonly string[]) =>
			describeArchived(job, plan.metrics, finished, {
				format: context.archive.format,
				compression: context.archive.compression,
				notes,
			});
		let archived = describe(stream.notes);
		if (context.options.validate)
			archived = describe([...stream.notes, ...checkMeta(archived.job)]);
		signal.throwIfAborted();
		await staged.seal(finished.encoding, archived.job);
		return {
			staged,
			row: archived,
			samples: finished.samples,
			dataBytes: staged.dataBytes,
		};
	} catch (error) {
		lease?.release();
		await staged?.discard().catch(() => {});
		throw signal.aborted
			? signal.reason
			: toArchiverError(error, "SOURCE_UNAVAILABLE");
	}
}

/** What goes beyond the published schema of a `meta.json`. @throws ArchiverError SCHEMA_BROKEN */
function checkMeta(job: Job): string[] {
	const meta: unknown = JSON.parse(serializeJob(job));
	return demandStructure(publishedMetaDeviations(meta), "meta");
}

/** Adds what a trigger may leave out: the row, and the free metadata, which lists of jobs don't carry. */
async function completeJob(job: Job, repository: JobRepository): Promise<Job> {
	if (job.resources.length === 0) {
		throw new ArchiverError(
			"INVALID_INPUT",
			`job ${formatJobKey(job)} has no resources`,
			{ field: "resources" },
		);
	}
	let known: Job | undefined = job;
	if (job.id === undefined) {
		known = await repository.findJob(job);
		if (known === undefined) {
			throw new ArchiverError(
				"JOB_UNKNOWN",
				`job ${formatJobKey(job)} is not in the job database`,
			);
		}
	}
	const metaData = {
		...(await repository.fetchMetadata(known)),
		...job.metaData,
	};
	return { ...job, id: known.id, metaData };
}

interface EncodedPart extends EncodedChunk {
	/** Of `bytes`, which are gone once they are appended: their buffer serves other chunks by then. */
	byteLength: number;
}

/** One job's chunks on their way through the pool into staging. */
class ChunkStream {
	readonly #accepted: AcceptedJob;
	readonly #plan: JobPlan;
	readonly #staged: StagedJob;
	readonly #context: EncodingContext;
	readonly #parts: Promise<EncodedPart>[] = [];
	readonly #leases: Lease[] = [];
	/** Ends loading early: the job is cancelled, the source too slow, or a part has failed. */
	readonly #sourceControl = new AbortController();
	/** Ends the wait for the source's next answer. */
	#interrupt: ((reason: unknown) => void) | undefined;
	readonly #notes = new Set<string>();
	/** Time spent waiting for the source. */
	#sourceMs = 0;
	/** Appends so far; each waits for the one before it. */
	#appended: Promise<void> = Promise.resolve();

	constructor(
		accepted: AcceptedJob,
		plan: JobPlan,
		staged: StagedJob,
		lease: Lease,
		context: EncodingContext,
	) {
		this.#accepted = accepted;
		this.#plan = plan;
		this.#staged = staged;
		this.#leases.push(lease);
		this.#context = context;
	}

	/** What could not be archived as it was asked for, each with its reason. */
	get notes(): readonly string[] {
		return [...this.#notes];
	}

	async run(): Promise<FinishedJob> {
		const { signal } = this.#accepted;
		const stop = () => this.#stop(signal.reason);
		signal.addEventListener("abort", stop, { once: true });
		try {
			await this.#load();
			this.#context.onLoaded(this.#accepted);
			const finished = await this.#finish();
			this.#checkCompleteness(finished);
			for (const note of finished.notes ?? []) this.#notes.add(note);
			return finished;
		} catch (error) {
			await Promise.allSettled([...this.#parts, this.#appended]);
			// A failed part stops the loading; the part's own failure is the one to tell.
			const { aborted, reason } = this.#sourceControl.signal;
			throw aborted ? reason : error;
		} finally {
			signal.removeEventListener("abort", stop);
			for (const lease of this.#leases) lease.release();
		}
	}

	#stop(reason: unknown): void {
		this.#sourceControl.abort(reason);
		this.#interrupt?.(reason);
	}

	async #load(): Promise<void> {
		const chunks = this.#context.source
			.load({ ...this.#plan.request, signal: this.#sourceControl.signal })
			[Symbol.asyncIterator]();
		try {
			for (let [lease] = this.#leases; ; ) {
				const next = await this.#next(chunks);
				if (next.done) return lease.release();
				await this.#take(next.value, lease);
				if (next.value.last) return;
				lease = await this.#acquire(this.#context.chunkBytes);
			}
		} finally {
			// Not awaited: a source that hangs in next() never answers, and there is nothing left to learn from it.
			chunks.return?.().then(undefined, () => {});
		}
	}

	/** The source's next answer. All its answers for a job together may take the job's time limit. */
	async #next(
		chunks: AsyncIterator<MetricChunk>,
	): Promise<IteratorResult<MetricChunk>> {
		const { jobTimeoutMs } = this.#context.options;
		const startMs = performance.now();
		const timer =
			jobTimeoutMs > 0
				? setTimeout(() => {
						this.#stop(sourceTimeout(this.#accepted.job, jobTimeoutMs));
					}, jobTimeoutMs - this.#sourceMs)
				: undefined;
		try {
			return await this.#unlessStopped(chunks.next());
		} finally {
			clearTimeout(timer);
			this.#sourceMs += performance.now() - startMs;
		}
	}

	/** `promise`, or the reason as soon as loading is to end: nobody waits for a source that hangs. */
	#unlessStopped<T>(promise: Promise<T>): Promise<T> {
		return new Promise((resolve, reject) => {
			const { aborted, reason } = this.#sourceControl.signal;
			if (aborted) reject(reason);
			this.#interrupt = reject;
			promise.then(resolve, reject);
		});
	}

	async #take(chunk: MetricChunk, lease: Lease): Promise<void> {
		const bytes = bytesOf(chunk);
		let granted = lease;
		if (bytes <= lease.bytes) {
			lease.shrink(bytes);
		} else {
			// Larger than was asked for, such as one series that alone exceeds a chunk: it goes on once there is room.
			lease.release();
			granted = await this.#acquire(bytes);
		}
		const whole = this.#parts.length === 0 && chunk.last === true;
		const part = this.#encode(chunk, whole, granted);
		this.#parts.push(part);
		if (this.#context.archive.format === "columnar")
			this.#appendWhenReady(part, granted, whole);
		part.catch((error) => this.#stop(error));
	}

	#taskOptions(): RunOptions {
		const { order, signal } = this.#accepted;
		return { order, signal, timeoutMs: this.#context.options.jobTimeoutMs };
	}

	async #acquire(bytes: number): Promise<Lease> {
		const lease = await this.#context.budget.acquire(
			this.#accepted.order,
			bytes,
			this.#sourceControl.signal,
		);
		this.#leases.push(lease);
		return lease;
	}

	async #encode(
		chunk: MetricChunk,
		whole: boolean,
		lease: Lease,
	): Promise<EncodedPart> {
		const { pool, archive, options, buffers } = this.#context;
		const { preparation, scopes, expected } = this.#plan;
		const native = chunk.native ? scopes() : undefined;
		for (const problem of native?.problems ?? []) this.#notes.add(problem);
		const task = {
			kind: "encode",
			chunk,
			whole,
			format: archive.format,
			compression: archive.compression,
			percentiles: options.percentiles,
			preparation: native
				? { ...preparation, scopes: native.plan }
				: preparation,
			expected,
			validate: options.validate,
		} as const;
		const encoded = await pool.run(task, {
			...this.#taskOptions(),
			...(bytesOf(chunk) <= SMALL_CHUNK_BYTES
				? { small: true }
				: { transfer: buffersOf(chunk) }),
		});
		for (const note of encoded.notes) this.#notes.add(note);
		for (const buffer of encoded.recycled) buffers.give(buffer);
		const { bytes } = encoded;
		lease.shrink(bytes.buffer.byteLength);
		lease.park();
		return { ...encoded, byteLength: bytes.byteLength };
	}

	/** Columns stream to the file while later chunks are still loaded: a part is held only until those before it are out. */
	#appendWhenReady(
		part: Promise<EncodedPart>,
		lease: Lease,
		whole: boolean,
	): void {
		const before = this.#appended;
		this.#appended = (async () => {
			const [{ bytes }] = await Promise.all([part, before]);
			if (this.#staged.dataBytes === 0 && !whole)
				await this.#staged.append(fileHeader());
			this.#context.buffers.give(await this.#staged.give(bytes));
			lease.release();
		})();
		this.#appended.catch((error) => this.#stop(error));
	}

	async #finish(): Promise<FinishedJob> {
		const parts = await Promise.all(this.#parts);
		if (parts.length === 0) throw noData(this.#accepted.job);
		await this.#appended;
		const [{ finished, bytes }] = parts;
		if (finished === undefined) return this.#finishParts(parts);
		if (this.#staged.dataBytes === 0) await this.#staged.give(bytes);
		return finished;
	}

	#checkCompleteness({ presentSamples, completeness }: FinishedJob): void {
		const { minCompleteness } = this.#context.options;
		const { job } = this.#accepted;
		if (presentSamples === 0) throw noData(job);
		if (completeness !== undefined && completeness.share < minCompleteness)
			throw partial(job, completeness, minCompleteness);
	}

	async #finishParts(parts: EncodedPart[]): Promise<FinishedJob> {
		let byteOffset = fileHeader().byteLength;
		const described = parts.map(({ byteLength, summary }) => {
			// Only a whole job comes without summary, and it is finished already.
			const part = { byteOffset, summary: summary as ChunkSummary };
			byteOffset += byteLength;
			return part;
		});
		const { finished, tail, layout } = await this.#context.pool.run(
			{
				kind: "finish",
				parts: described,
				expected: this.#plan.expected,
				validate: this.#context.options.validate,
			},
			this.#taskOptions(),
		);
		// ClusterCockpit's JSON nests by metric, so its parts are kept until their order is known; the lease covers them.
		for (const { part, byteOffset, byteLength } of layout ?? []) {
			const bytes = part === undefined ? tail : parts[part].bytes;
			await this.#staged.append(
				bytes.subarray(byteOffset, byteOffset + byteLength),
			);
		}
		if (layout === undefined) await this.#staged.append(tail);
		return finished;
	}
}

function noData(job: Job): ArchiverError {
	return new ArchiverError(
		"NO_DATA",
		`the source holds no samples for job ${formatJobKey(job)}`,
	);
}

function partial(
	job: Job,
	{ share, metrics }: Completeness,
	minCompleteness: number,
): ArchiverError {
	return new ArchiverError(
		"SOURCE_PARTIAL",
		`the source holds ${share} of the samples of job ${formatJobKey(job)}, and at least ${minCompleteness} is asked for`,
		{
			problems: Object.entries(metrics).flatMap(([name, { samples }]) =>
				samples[0] < samples[1]
					? [`${name}: ${samples[0]} of ${samples[1]} samples`]
					: [],
			),
		},
	);
}

function sourceTimeout(job: Job, timeoutMs: number): ArchiverError {
	return new ArchiverError(
		"TIMEOUT",
		`the source took longer than ${timeoutMs} ms for job ${formatJobKey(job)}`,
	);
}

/** Bytes that a chunk will take until it is encoded: its own, and what a worker makes of them. */
function bytesOf(chunk: MetricChunk): number {
	const own = buffersOf(chunk).reduce(
		(sum, { byteLength }) => sum + byteLength,
		0,
	);
	return chunk.kind === "samples" ? own : own + chunk.decodedBytes;
}
