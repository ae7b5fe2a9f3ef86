import type { Archive } from "../archive/archive.js";
import type { Environment } from "../config.js";
import { ArchiverError } from "../errors.js";
import { CcMetricStoreSource } from "./cc-metric-store/source.js";
import { ReplaySource } from "./replay.js";
import type { MetricSource } from "./source.js";
import { SyntheticSource } from "./synthetic.js";

export interface OpenSourceOptions {
	/** Opens the archive that series are replayed from; reading is all it is asked for. Closing the source closes it. */
	openArchive(target: string): Promise<Archive>;
	/** Read instead of `process.env`, for what is better not said on a command line. */
	env?: Environment;
}

/** Variable that holds the token for a metric store. */
const TOKEN = "ARCHIVER_METRIC_STORE_TOKEN";

/**
 * Opens the source that a text names: `replay:TARGET`, where TARGET names an archive, `synthetic:SEED`, or the address of
 * a cc-metric-store.
 *
 * @throws ArchiverError INVALID_INPUT, INVALID_OPTION for an unusable address or token, and what opening an archive throws.
 */
export async function openSource(
	text: string,
	options: OpenSourceOptions,
): Promise<MetricSource> {
	const colon = text.indexOf(":");
	const kind = text.slice(0, Math.max(0, colon));
	const rest = text.slice(colon + 1);
	const open = KINDS.get(kind)?.open;
	if (open === undefined || rest === "") throw unusable(text);
	return open(rest, options);
}

interface SourceKind {
	/** How it is written. */
	usage: string;
	open(
		rest: string,
		options: OpenSourceOptions,
	): MetricSource | Promise<MetricSource>;
}

const KINDS: ReadonlyMap<string, SourceKind> = new Map([
	[
		"replay",
		{
			usage: "replay:TARGET (series from another archive)",
			open: openReplay,
		},
	],
	[
		"synthetic",
		{
			usage: "synthetic:SEED (series made for the job, SEED a whole number)",
			open: openSynthetic,
		},
	],
	...["http", "https"].map((protocol): [string, SourceKind] => [
		protocol,
		{
			usage: `${protocol}://HOST (a cc-metric-store)`,
			open: (rest, options) => openMetricStore(`${protocol}:${rest}`, options),
		},
	]),
]);

async function openReplay(
	target: string,
	{ openArchive }: OpenSourceOptions,
): Promise<MetricSource> {
	return new ReplaySource(await openArchive(target), { closeArchive: true });
}

function openSynthetic(seed: string): MetricSource {
	if (!/^-?\d+$/.test(seed)) throw unusable(`synthetic:${seed}`);
	return new SyntheticSource(Number(seed));
}

function openMetricStore(
	url: string,
	{ env = process.env }: OpenSourceOptions,
): MetricSource {
	return new CcMetricStoreSource({ url, token: env[TOKEN] || undefined });
}

function unusable(text: string): ArchiverError {
	const usages = [...KINDS.values()].map(({ usage }) => usage);
	return new ArchiverError(
		"INVALID_INPUT",
		`${JSON.stringify(text)} names no source; there are ${usages.join(", ")}`,
		{ field: "source", received: text, problems: usages },
	);
}
