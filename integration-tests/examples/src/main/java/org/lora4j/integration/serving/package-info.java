/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many tasks served from one all-MiniLM-L6-v2, and what the base still knows: {@code mvn -Pexample-serving verify}, see
 * {@code docs/many-tasks.md}.
 */
package org.lora4j.integration.serving;
