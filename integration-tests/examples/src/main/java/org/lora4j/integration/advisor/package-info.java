/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Advice on published data, and proof that it is right. Data and models are not ours to ship: the programs are told where they
 * are.
 */
package org.lora4j.integration.advisor;
