/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What makes sure that what was trained is what is served: checks before a training
 * ({@link org.lora4j.trust.Preflight}), what is written down after it, and what a load compares with that.
 *
 * <p>Knows neither models nor the training loop, which use it. <b>Where to add things.</b> A rule of the preflight: a constant
 * of {@link org.lora4j.trust.PreflightRule}, its section in the troubleshooting page, a case that triggers it and one beside it
 * that does not.
 */
package org.lora4j.trust;
