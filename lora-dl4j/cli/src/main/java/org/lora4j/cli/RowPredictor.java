/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import java.util.Map;

/** What answers rows. */
interface RowPredictor extends AutoCloseable {

    /** The settings that name the columns of an input. */
    List<Setting> inputs();

    /**
     * An answer.
     *
     * @param row the row that asked
     * @param fields the answer by name
     */
    record Answer(DataRow row, Map<String, Object> fields) {}

    /** The answer for each row; a row that cannot be used is refused, or left out as the settings say. */
    List<Answer> predict(DataFile rows);

    @Override
    void close();
}
