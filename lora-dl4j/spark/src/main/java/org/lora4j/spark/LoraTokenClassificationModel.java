/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Tags words; made by {@link LoraTokenClassifier}.
 *
 * @apiNote Status: experimental
 */
public final class LoraTokenClassificationModel extends LoraSparkModel<LoraTokenClassificationModel>
        implements LoraTextParams<LoraTokenClassificationModel>,
                LoraLabelParams<LoraTokenClassificationModel>,
                LoraTagParams<LoraTokenClassificationModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS =
            ParamRows.of(ParamRows.BASE, ParamRows.TEXT, ParamRows.LABEL, ParamRows.PREDICTION, ParamRows.TAGS);

    /** With a name of its own, and nothing learned: Spark looks at its params. */
    public LoraTokenClassificationModel() {
        this(Identifiable$.MODULE$.randomUID("loraTokenClassifier"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraTokenClassificationModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new TaggerTask();
    }

    /**
     * The tags.
     *
     * @return in alphabetical order
     */
    public List<String> tags() {
        return facts().labels();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraTokenClassificationModel> read() {
        return new ModelFolder.Reader<>(LoraTokenClassificationModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraTokenClassificationModel load(String path) {
        return read().load(path);
    }
}
