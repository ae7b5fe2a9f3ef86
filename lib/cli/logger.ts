import { type Logger, pino } from "pino";
import type { Options } from "../config.js";

export interface CommandLogger {
	logger: Logger;
	/** Resolves when every line is out. */
	flush(): Promise<void>;
}

/**
 * Lines of JSON on standard error, written asynchronously: the thread that logs is the one that must not be held up.
 * Errors come without their stack unless details are asked for.
 */
export function openLogger({
	logLevel,
}: Pick<Options, "logLevel">): CommandLogger {
	const destination = pino.destination({ dest: 2, sync: false });
	const logger = pino(
		{
			level: logLevel,
			serializers: {
				err: (error: Error) => {
					const { stack, ...plain } = pino.stdSerializers.err(error);
					return showsStacks(logLevel) ? { stack, ...plain } : plain;
				},
			},
		},
		destination,
	);
	return {
		logger,
		flush: () => new Promise((resolve) => logger.flush(() => resolve())),
	};
}

/** Whether a log level is one at which stack traces are wanted. */
export function showsStacks(logLevel: string | undefined): boolean {
	return logLevel === "debug" || logLevel === "trace";
}
