/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/**
 * An example with what it is drawn by.
 *
 * @param example the example
 * @param label by which parts get equal shares
 * @param group of which no two parts have some
 * @param <E> an example
 */
record Item<E>(E example, String label, String group) {}
