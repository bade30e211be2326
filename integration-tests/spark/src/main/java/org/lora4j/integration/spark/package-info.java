/* SPDX-License-Identifier: Apache-2.0 */
/** What teams do with adapters on Spark, on real questions, each step compared with the plain trainer. */
package org.lora4j.integration.spark;
