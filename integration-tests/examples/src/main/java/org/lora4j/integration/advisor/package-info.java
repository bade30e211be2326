/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Advice on real data: {@code mvn -Pexample-advisor verify} asks about BANKING77 and the digits what the advisor answers, and prints
 * it; and the proofs that its answers hold.
 */
package org.lora4j.integration.advisor;
