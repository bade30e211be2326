/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Map;

/**
 * A row of a file of examples.
 *
 * @param line where it begins in the file, from 1
 * @param fields its values by the name of the column
 */
record DataRow(long line, Map<String, Object> fields) {}
