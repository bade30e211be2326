/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The values of a stage's params as executors get them: without the stage.
 *
 * @param values all that have one, by name
 */
record ParamValues(Map<String, Object> values) implements Serializable {

    private static final long serialVersionUID = 1;

    /** Takes the values as they are now. */
    static ParamValues of(Params stage) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Param<?> param : stage.params()) {
            if (stage.isDefined(param)) {
                values.put(param.name(), stage.getOrDefault(param));
            }
        }
        return new ParamValues(values);
    }

    /** The same with another value. */
    ParamValues with(String name, Object value) {
        Map<String, Object> changed = new LinkedHashMap<>(values);
        changed.put(name, value);
        return new ParamValues(changed);
    }

    /** Whether the stage has a param of this name. */
    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name) {
        return (String) values.get(name);
    }

    /** Whether a column is wanted: it has a name. */
    boolean names(String column) {
        return has(column) && !text(column).isEmpty();
    }

    int count(String name) {
        return (int) values.get(name);
    }

    double number(String name) {
        return (double) values.get(name);
    }

    boolean flag(String name) {
        return has(name) && (boolean) values.get(name);
    }

    long seed() {
        return (long) values.get("seed");
    }

    List<String> texts(String name) {
        return Arrays.asList((String[]) values.get(name));
    }
}
