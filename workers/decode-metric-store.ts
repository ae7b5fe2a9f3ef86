import type { Column } from "../lib/codec/column.js";
import type { JobInterval } from "../lib/source/asked-columns.js";
import type {
	MetricStoreAnswers,
	StoreAnswer,
} from "../lib/source/cc-metric-store/answers.js";
import {
	buildersOf,
	type ColumnBuilder,
	finishColumns,
} from "./column-builder.js";
import { joinBody } from "./join-body.js";
import { JsonReader, readingAnswer } from "./json-reader.js";
import { NumberBuffer } from "./number-buffer.js";
import { placeSamples } from "./place-samples.js";

const ANSWER_KEYS = ["results"];
const ENTRY_KEYS = ["data", "from", "resolution", "error"];

/** Of what a store says of its failures. */
const MOST_NOTES = 20;
const MOST_CHARACTERS = 200;

/** Samples of one entry, until it is known where they belong. */
const values = new NumberBuffer();

/**
 * The columns that answers of a cc-metric-store hold. A device that the store leaves out or tells an error for has no
 * series.
 *
 * @param notes - Gets what the store failed at.
 * @returns Columns in the thread's {@link sampleSpace}.
 * @throws ArchiverError SOURCE_DATA_INVALID
 */
export function decodeMetricStore(
	asked: MetricStoreAnswers,
	notes: string[] = [],
): Column[] {
	const decoder = new Decoder(asked);
	for (const answer of asked.answers)
		readingAnswer(asked.path, () => decoder.read(answer));
	notes.push(...decoder.notes());
	return decoder.finish();
}

/** Goes through the rows of all answers and the series that were asked for, side by side. */
class Decoder {
	readonly #interval: JobInterval;
	readonly #builders: ColumnBuilder[];
	/** Where the next row belongs. */
	#column = 0;
	#place = 0;
	/** By metric and the store's words: how many series it failed at. */
	readonly #failures = new Map<string, number>();

	constructor({ columns, interval }: MetricStoreAnswers) {
		this.#interval = interval;
		this.#builders = buildersOf(columns);
	}

	read({ queries, ...body }: StoreAnswer): void {
		const reader = new JsonReader(joinBody(body));
		let rows = 0;
		reader.object(ANSWER_KEYS, (key) => {
			if (key < 0) return reader.skip();
			reader.list((row) => {
				rows = row + 1;
				if (rows > queries) reader.fail(`a row for each of ${queries} queries`);
				this.#readRow(reader);
			});
		});
		reader.end();
		if (rows < queries)
			reader.fail(`${queries} rows, one for each query, instead of ${rows}`);
	}

	notes(): string[] {
		return [...this.#failures]
			.slice(0, MOST_NOTES)
			.map(([reason, series]) => `${reason} (${series} series)`);
	}

	finish(): Column[] {
		return finishColumns(this.#builders);
	}

	/** A row has an entry for the one device that was asked for, or none. */
	#readRow(reader: JsonReader): void {
		while (this.#place === this.#builders[this.#column].places) {
			this.#column++;
			this.#place = 0;
		}
		if (!reader.null()) {
			reader.list((entry) => {
				if (entry > 0) reader.fail("one entry for one device");
				this.#readEntry(reader);
			});
		}
		this.#place++;
	}

	#readEntry(reader: JsonReader): void {
		let from = Number.NaN;
		let resolution = Number.NaN;
		let error: string | undefined;
		values.length = 0;
		reader.object(ENTRY_KEYS, (key) => {
			switch (key) {
				case 0:
					if (!reader.null()) reader.numbers(values);
					return;
				case 1:
					from = reader.number();
					return;
				case 2:
					resolution = reader.number();
					return;
				case 3:
					if (!reader.null()) error = reader.string();
					return;
				default:
					reader.skip();
			}
		});
		if (error !== undefined) this.#countFailure(error);
		if (error !== undefined || values.length === 0) return;
		if (!(resolution > 0) || Number.isNaN(from))
			reader.fail("samples with 'from' and a 'resolution' above 0");
		const builder = this.#builders[this.#column];
		placeSamples(
			values,
			from,
			resolution,
			builder.series(this.#place),
			builder.asked,
			this.#interval,
		);
	}

	#countFailure(error: string): void {
		const { metric } = this.#builders[this.#column].asked;
		const reason = `${metric}: the metric store failed: ${error.slice(0, MOST_CHARACTERS)}`;
		this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
	}
}
