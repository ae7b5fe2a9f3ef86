import { availableParallelism } from "node:os";
import * as v from "valibot";
import { ArchiverError } from "./errors.js";
import {
	choice,
	flag,
	integer,
	nice,
	type OptionSpec,
	percentileList,
	share,
} from "./option-kinds.js";
import { record } from "./schema/record.js";

const CHUNK_BYTES = 8 * 2 ** 20;

/** Every option there is, in the order in which the README lists them. */
export const OPTIONS = {
	channelCapacity: integer(
		"ARCHIVER_CHANNEL_CAPACITY",
		1,
		128,
		"jobs that may be accepted and unfinished; a trigger beyond that waits",
	),
	poolMinThreads: integer(
		"ARCHIVER_POOL_MIN_THREADS",
		0,
		() => defaultThreads(),
		"worker threads started at once and kept",
		"as the maximum",
	),
	poolMaxThreads: integer(
		"ARCHIVER_POOL_MAX_THREADS",
		1,
		() => defaultThreads(),
		"most worker threads",
		"cores - 1, at least 1",
	),
	poolIdleTimeoutMs: integer(
		"ARCHIVER_POOL_IDLE_TIMEOUT_MS",
		0,
		30_000,
		"ms after which an idle thread above the minimum ends",
	),
	poolNice: nice(
		"ARCHIVER_POOL_NICE",
		"how far worker threads give way to the host's other threads (Linux): 0 not at all, 19 most",
	),
	bufferBytes: integer(
		"ARCHIVER_BUFFER_BYTES",
		1,
		() => defaultBufferBytes(defaultThreads()),
		"bytes of samples and results in flight over all jobs",
		"16 MiB, and 16 MiB a thread",
	),
	bufferChunkBytes: integer(
		"ARCHIVER_BUFFER_CHUNK_BYTES",
		1,
		CHUNK_BYTES,
		"largest chunk of samples handed to a worker",
	),
	writerGroupJobs: integer(
		"ARCHIVER_WRITER_GROUP_JOBS",
		1,
		64,
		"most jobs in one commit: shared folder syncs, one database transaction",
	),
	writerGroupDelayMs: integer(
		"ARCHIVER_WRITER_GROUP_DELAY_MS",
		0,
		0,
		"ms a commit waits for more jobs to join it",
	),
	writerParallelFiles: integer(
		"ARCHIVER_WRITER_PARALLEL_FILES",
		1,
		2,
		"file operations under way at once, of libuv's four threads; writing has a thread of its own",
	),
	writerNice: nice(
		"ARCHIVER_WRITER_NICE",
		"the same for the thread that writes a file archive",
	),
	fsync: flag(
		"ARCHIVER_FSYNC",
		true,
		"whether files and folders are synced before a job counts as archived",
	),
	format: choice(
		"ARCHIVER_FORMAT",
		["columnar", "json"],
		undefined,
		"how new jobs are written",
		"columnar in a new archive, json in ClusterCockpit's",
	),
	compression: choice(
		"ARCHIVER_COMPRESSION",
		["fast", "small"],
		"fast",
		"how hard the columnar encoder works",
	),
	coreScopeMaxNodes: integer(
		"ARCHIVER_CORE_SCOPE_MAX_NODES",
		0,
		8,
		"jobs of up to this many nodes are archived at core scope too",
	),
	resolutionSeconds: integer(
		"ARCHIVER_RESOLUTION_SECONDS",
		0,
		0,
		"seconds between archived samples; 0: as recorded",
	),
	percentiles: percentileList(
		"ARCHIVER_PERCENTILES",
		"percentiles over the series that json data gets beside its medians, such as 25,75",
	),
	minCompleteness: share(
		"ARCHIVER_MIN_COMPLETENESS",
		0,
		"share of a job's samples, 0 to 1, below which its archiving fails",
	),
	validate: flag(
		"ARCHIVER_VALIDATE",
		false,
		"whether meta and data are held against ClusterCockpit's published schemas before a job is archived",
	),
	shutdownTimeoutMs: integer(
		"ARCHIVER_SHUTDOWN_TIMEOUT_MS",
		0,
		10_000,
		"ms that shutdown waits for accepted jobs",
	),
	jobTimeoutMs: integer(
		"ARCHIVER_JOB_TIMEOUT_MS",
		0,
		0,
		"ms that a job may wait for its source, and a worker task may run; 0: no limit",
	),
	retryLimit: integer(
		"ARCHIVER_RETRY_LIMIT",
		0,
		0,
		"times that a job is tried again by itself after a failure that may pass",
	),
	retryDelayMs: integer(
		"ARCHIVER_RETRY_DELAY_MS",
		1,
		1000,
		"ms before the first repeat, doubled each time up to a minute, with jitter",
	),
	hookTimeoutMs: integer(
		"ARCHIVER_HOOK_TIMEOUT_MS",
		1,
		10_000,
		"ms that one hook call is waited for",
	),
	logLevel: choice(
		"ARCHIVER_LOG_LEVEL",
		["trace", "debug", "info", "warn", "error", "silent"],
		"warn",
		"of the command line; a library user hands in a logger",
	),
} as const;

export type OptionName = keyof typeof OPTIONS;
/** Every option's effective value. */
export type Options = {
	[K in OptionName]: (typeof OPTIONS)[K] extends OptionSpec<infer T>
		? T
		: never;
} & {
	/** Cluster -> what is different for its jobs. The one option that the environment cannot give. */
	perCluster: Readonly<Record<string, Partial<ClusterOptions>>>;
};
/** Those of an archive: `openArchive` takes them. */
export type ArchiveOptions = Pick<Options, (typeof ARCHIVE_OPTIONS)[number]>;
const ARCHIVE_OPTIONS = [
	"format",
	"compression",
	"fsync",
	"writerParallelFiles",
	"writerNice",
] as const;
/** Those of an archiver: `Archiver.start` takes them. */
export type ArchiverOptions = Omit<Options, keyof ArchiveOptions | "logLevel">;
/** Options that a cluster may have its own of. */
export type ClusterOptions = Pick<Options, (typeof CLUSTER_OPTIONS)[number]>;
const CLUSTER_OPTIONS = ["coreScopeMaxNodes", "resolutionSeconds"] as const;
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The effective options: what is given explicitly beats the environment, which beats the default.
 * An empty variable counts as unset.
 *
 * @throws ArchiverError INVALID_OPTION listing every bad value in `details.problems`.
 */
export function resolveOptions(
	explicit: Partial<Options> = {},
	env: Environment = process.env,
): Readonly<Options> {
	const problems: string[] = [];
	const resolved: Record<string, unknown> = {};
	const { perCluster = {}, ...explicitOptions } = explicit;
	for (const name of Object.keys(explicitOptions)) {
		if (!Object.hasOwn(OPTIONS, name)) problems.push(`${name}: no such option`);
	}
	for (const [name, spec] of Object.entries<OptionSpec<unknown>>(OPTIONS)) {
		const given = explicit[name as OptionName];
		const text = env[spec.env];
		if (given !== undefined)
			resolved[name] = accept(spec, given, name, problems);
		else if (text !== undefined && text !== "")
			resolved[name] = accept(spec, text, spec.env, problems);
		else resolved[name] = spec.default();
	}
	resolved.perCluster = acceptPerCluster(perCluster, problems);
	const options = resolved as Options;
	if (problems.length === 0) settleThreads(options, explicit, env, problems);
	if (!isGiven("bufferBytes", explicit, env))
		options.bufferBytes = defaultBufferBytes(options.poolMaxThreads);
	if (problems.length > 0) {
		throw new ArchiverError(
			"INVALID_OPTION",
			`unusable options: ${problems.join("; ")}`,
			{ problems },
		);
	}
	return Object.freeze(options);
}

/**
 * The effective options of an archiver. Those of its archive are refused: they act where the archive is opened.
 *
 * @throws ArchiverError INVALID_OPTION, as {@link resolveOptions}.
 */
export function resolveArchiverOptions(
	explicit: Partial<ArchiverOptions> = {},
	env: Environment = process.env,
): Readonly<ArchiverOptions> {
	const misplaced = ARCHIVE_OPTIONS.filter((name) => name in explicit);
	if (misplaced.length > 0) {
		const problems = misplaced.map((name) => `${name}: give it to openArchive`);
		throw new ArchiverError(
			"INVALID_OPTION",
			`unusable options: ${problems.join("; ")}`,
			{ problems },
		);
	}
	return resolveOptions(explicit, env);
}

/** The options that hold for the jobs of `cluster`. */
export function optionsForCluster(
	options: Readonly<ArchiverOptions>,
	cluster: string,
): ClusterOptions {
	const { coreScopeMaxNodes, resolutionSeconds, perCluster } = options;
	const own = Object.hasOwn(perCluster, cluster) ? perCluster[cluster] : {};
	return { coreScopeMaxNodes, resolutionSeconds, ...own };
}

function acceptPerCluster(
	perCluster: unknown,
	problems: string[],
): Options["perCluster"] {
	const accepted = record<Partial<ClusterOptions>>();
	for (const [cluster, own] of Object.entries(perCluster as object)) {
		accepted[cluster] = {};
		for (const [name, value] of Object.entries(own ?? {})) {
			const path = `perCluster.${cluster}.${name}`;
			if (!isClusterOption(name)) problems.push(`${path}: no such option`);
			else if (value !== undefined)
				accepted[cluster][name] = accept(
					OPTIONS[name],
					value,
					path,
					problems,
				) as number;
		}
	}
	return accepted;
}

function isClusterOption(name: string): name is keyof ClusterOptions {
	return (CLUSTER_OPTIONS as readonly string[]).includes(name);
}

function accept(
	spec: OptionSpec<unknown>,
	value: unknown,
	name: string,
	problems: string[],
): unknown {
	const result = v.safeParse(spec.schema, value);
	if (result.success) return result.output;
	problems.push(
		`${name}: must be ${spec.expects}, is ${JSON.stringify(value)}`,
	);
	return undefined;
}

/** One of the two thread counts given alone moves the default of the other; both given must fit together. */
function settleThreads(
	options: Options,
	explicit: Partial<Options>,
	env: Environment,
	problems: string[],
): void {
	if (options.poolMinThreads <= options.poolMaxThreads) {
		if (!isGiven("poolMinThreads", explicit, env))
			options.poolMinThreads = options.poolMaxThreads;
		return;
	}
	if (!isGiven("poolMinThreads", explicit, env))
		options.poolMinThreads = options.poolMaxThreads;
	else if (!isGiven("poolMaxThreads", explicit, env))
		options.poolMaxThreads = options.poolMinThreads;
	else
		problems.push(
			`poolMinThreads: must not exceed poolMaxThreads (${options.poolMaxThreads}), is ${options.poolMinThreads}`,
		);
}

function isGiven(
	name: OptionName,
	explicit: Partial<Options>,
	env: Environment,
): boolean {
	return explicit[name] !== undefined || (env[OPTIONS[name].env] ?? "") !== "";
}

/**
 * For each thread one chunk that it works on and one that it finds when it is done; for the head of the order one in
 * its hands and one in reserve. More would only mean more fresh pages for the main thread to touch.
 */
function defaultBufferBytes(threads: number): number {
	return (2 + 2 * threads) * CHUNK_BYTES;
}

function defaultThreads(): number {
	return Math.max(1, availableParallelism() - 1);
}
