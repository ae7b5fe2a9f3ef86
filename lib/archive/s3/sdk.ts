import type * as Sdk from "@aws-sdk/client-s3";
import { ArchiverError } from "../../errors.js";
import type { S3Place } from "./place.js";

const PACKAGE = "@aws-sdk/client-s3";

export type S3Sdk = typeof Sdk;

/** @throws ArchiverError INVALID_OPTION when the SDK, an optional peer dependency, is not installed */
export async function loadSdk(): Promise<S3Sdk> {
	try {
		return await import("@aws-sdk/client-s3");
	} catch (cause) {
		throw new ArchiverError(
			"INVALID_OPTION",
			`an archive in an S3 store needs the package ${PACKAGE}, which could not be loaded: npm install ${PACKAGE}`,
			{ problems: [`${PACKAGE} could not be loaded`] },
			{ cause },
		);
	}
}

/** The SDK writes to the console where it has no other place. What matters comes as an error. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Repeats nothing by itself: attempts are counted, and limited in time, in one place. */
export function newClient(sdk: S3Sdk, place: S3Place): Sdk.S3Client {
	const { endpoint, region, pathStyle, checksums, credentials } = place;
	const calculation =
		checksums === "supported" ? "WHEN_SUPPORTED" : "WHEN_REQUIRED";
	return new sdk.S3Client({
		...(endpoint !== undefined && { endpoint }),
		...(region !== undefined && { region }),
		...(credentials !== undefined && { credentials }),
		forcePathStyle: pathStyle,
		logger: SILENT,
		requestHandler: { logger: SILENT },
		maxAttempts: 1,
		requestChecksumCalculation: calculation,
		responseChecksumValidation: calculation,
	});
}
