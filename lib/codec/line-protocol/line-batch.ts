/** No line that carries a sample is shorter: `m value=1` and its end. */
const SHORTEST_LINE_BYTES = 10;
/** So many problems are told, and the others counted. */
const PROBLEMS_TOLD = 10;
/** What is shown of a line. */
const SHOWN_CHARACTERS = 160;

/** A line without a sample that can be stored. */
export interface LineProblem {
	/** Counted from 1, over all lines of the text. */
	line: number;
	reason: string;
	/** The line, or the beginning of a long one. */
	text: string;
}

/** What was read from some lines: samples as columns, and what there was beside them. To be used again and again. */
export class LineBatch {
	/** By sample: the number of its series' key. */
	keys: Uint32Array<ArrayBuffer>;
	values: Float64Array<ArrayBuffer>;
	/** By sample: Unix seconds; NaN where the line has no time. */
	seconds: Float64Array<ArrayBuffer>;
	/** By sample: the line's number, counted from 0 in this batch. */
	lines: Uint32Array<ArrayBuffer>;
	samples = 0;
	/** Lines of any kind, empty ones and comments too. */
	lineCount = 0;
	/** Lines without a sample that can be read. */
	malformed = 0;
	/** The first of them, their lines counted from 0 in this batch. */
	readonly problems: LineProblem[] = [];

	/** The longest text that it can take. */
	readonly textBytes: number;

	constructor(textBytes: number) {
		this.textBytes = textBytes;
		const most = Math.ceil(textBytes / SHORTEST_LINE_BYTES) + 1;
		this.keys = new Uint32Array(most);
		this.values = new Float64Array(most);
		this.seconds = new Float64Array(most);
		this.lines = new Uint32Array(most);
	}

	clear(): void {
		this.samples = 0;
		this.lineCount = 0;
		this.malformed = 0;
		this.problems.length = 0;
	}

	add(key: number, value: number, seconds: number): void {
		const at = this.samples++;
		this.keys[at] = key;
		this.values[at] = value;
		this.seconds[at] = seconds;
		this.lines[at] = this.lineCount;
	}

	addProblem(reason: string, bytes: Buffer, start: number, end: number): void {
		this.malformed++;
		if (this.problems.length < PROBLEMS_TOLD) {
			const shownEnd = Math.min(end, start + SHOWN_CHARACTERS);
			this.problems.push({
				line: this.lineCount,
				reason,
				text:
					bytes.toString("utf8", start, shownEnd) + (shownEnd < end ? "…" : ""),
			});
		}
	}
}
