import type {
	OpenSubject,
	Subject,
	SubjectAnswer,
	SubjectRequest,
} from "./subject.js";
import { peakRssBytes } from "./threads.js";

/** Entry of a subject's process: does what it is asked for, one thing after the other. */
let subject: Subject<unknown, unknown> | undefined;

process.on("message", async (request: SubjectRequest) => {
	let answer: SubjectAnswer;
	try {
		answer = { ok: true, value: await answerTo(request) };
	} catch (error) {
		const message = error instanceof Error ? error.stack : undefined;
		answer = { ok: false, message: message ?? String(error) };
	}
	process.send?.(answer);
	if (request.do === "close") process.disconnect();
});

async function answerTo(request: SubjectRequest): Promise<unknown> {
	switch (request.do) {
		case "open": {
			const { default: open } = (await import(request.module)) as {
				default: OpenSubject<unknown, unknown, unknown>;
			};
			subject = await open(request.settings);
			return undefined;
		}
		case "run":
			return subject?.run(request.input);
		case "close":
			await subject?.close();
			return { peakRssBytes: await peakRssBytes() };
	}
}
