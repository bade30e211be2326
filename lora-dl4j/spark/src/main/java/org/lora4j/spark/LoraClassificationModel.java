/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Tells the labels of vectors; made by {@link LoraClassifier}.
 *
 * @apiNote Status: experimental
 */
public final class LoraClassificationModel extends LoraSparkModel<LoraClassificationModel>
        implements LoraFeatureParams<LoraClassificationModel>,
                LoraLabelParams<LoraClassificationModel>,
                LoraClassParams<LoraClassificationModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(
            ParamRows.needed("checkpoint", ParamRows.BASE),
            ParamRows.FEATURES,
            ParamRows.LABEL,
            ParamRows.PREDICTION,
            ParamRows.CLASSES);

    /** With a name of its own, and nothing learned: Spark looks at its params. */
    public LoraClassificationModel() {
        this(Identifiable$.MODULE$.randomUID("loraClassifier"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraClassificationModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new VectorClassifierTask();
    }

    /**
     * The labels.
     *
     * @return in the order of the indices that are predicted
     */
    public List<String> labels() {
        return facts().labels();
    }

    /**
     * How many labels there are.
     *
     * @return their number
     */
    public int numClasses() {
        return labels().size();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraClassificationModel> read() {
        return new ModelFolder.Reader<>(LoraClassificationModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraClassificationModel load(String path) {
        return read().load(path);
    }
}
