import type { Archive } from "../archive/archive.js";
import { ArchiverError } from "../errors.js";
import { ReplaySource } from "./replay.js";
import type { MetricSource } from "./source.js";
import { SyntheticSource } from "./synthetic.js";

export interface OpenSourceOptions {
	/** Opens the archive that series are replayed from; reading is all it is asked for. Closing the source closes it. */
	openArchive(target: string): Promise<Archive>;
}

/**
 * Opens the source that a text names: `replay:TARGET`, where TARGET names an archive, or `synthetic:SEED`.
 *
 * @throws ArchiverError INVALID_INPUT, and what opening an archive throws.
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

function unusable(text: string): ArchiverError {
	const usages = [...KINDS.values()].map(({ usage }) => usage);
	return new ArchiverError(
		"INVALID_INPUT",
		`${JSON.stringify(text)} names no source; there are ${usages.join(" and ")}`,
		{ field: "source", received: text, problems: usages },
	);
}
