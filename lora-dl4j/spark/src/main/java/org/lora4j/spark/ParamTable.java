/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/** The params of one stage, made of rows. */
final class ParamTable implements Serializable {

    private static final long serialVersionUID = 1;

    private final Map<String, Param<?>> params = new LinkedHashMap<>();

    /** Makes the params, and sets their defaults. */
    ParamTable(Params stage, List<ParamRow> rows) {
        rows.forEach(row -> params.put(row.name(), row.maker().apply(stage, row)));
    }

    /** Sets the defaults; in a call of its own, as Spark asks the stage for its params meanwhile. */
    @SuppressWarnings("unchecked")
    void setDefaults(Params stage, List<ParamRow> rows) {
        rows.stream()
                .filter(row -> row.initial() != null)
                .forEach(row -> stage.setDefault((Param<Object>) params.get(row.name()), row.initial()));
    }

    /** The param of a name. */
    Param<?> get(String name) {
        Param<?> param = params.get(name);
        if (param == null) {
            throw new IllegalArgumentException("no param is called " + name + "; there are " + params.keySet() + ".");
        }
        return param;
    }
}
