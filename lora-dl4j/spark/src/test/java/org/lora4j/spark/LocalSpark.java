/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** One session for all tests of a JVM: four tasks at a time, no page, few parts. */
public final class LocalSpark {

    private static final SparkSession SESSION = SparkSession.builder()
            .master("local[4]")
            .appName("lora4j tests")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.default.parallelism", "2")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.warehouse.dir", "target/warehouse")
            .config("spark.log.level", "ERROR")
            // Compiling a class for each query takes longer than these tables.
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .getOrCreate();

    private LocalSpark() {}

    public static SparkSession session() {
        return SESSION;
    }

    /** A table in two parts. */
    public static Dataset<Row> table(String schema, List<Row> rows) {
        return SESSION.createDataFrame(rows, StructType.fromDDL(schema));
    }
}
