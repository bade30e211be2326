/** Bytes of strangers: what a fuzzer calls, and what it has found. See docs/fuzzing.md. */
package org.lora4j.integration.fuzz;
