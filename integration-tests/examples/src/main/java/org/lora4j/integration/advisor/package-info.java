/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Advice on real data: which learning rate and rank to take, compared with a search of all of them.
 */
package org.lora4j.integration.advisor;
