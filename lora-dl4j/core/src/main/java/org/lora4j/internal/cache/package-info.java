/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a frozen prefix gave, kept from one epoch to the next: in memory, then in a file. Below both hosts, which read what
 * {@code train.cache} lets users set.
 */
package org.lora4j.internal.cache;
