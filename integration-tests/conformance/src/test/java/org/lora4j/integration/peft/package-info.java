/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The golden harness: checks any folder of cases that PEFT computed, against {@code lora-dl4j}: its public API, and the
 * codecs of its tensor files.
 *
 * <p>{@link org.lora4j.integration.peft.PeftGolden} is the program; what a family of cases is checked for is the table in
 * {@code CaseRunner}.
 */
package org.lora4j.integration.peft;
