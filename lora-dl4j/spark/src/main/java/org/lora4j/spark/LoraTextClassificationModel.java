/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Tells the labels of texts; made by {@link LoraTextClassifier}.
 *
 * @apiNote Status: experimental
 */
public final class LoraTextClassificationModel extends LoraSparkModel<LoraTextClassificationModel>
        implements LoraTextParams<LoraTextClassificationModel>,
                LoraLabelParams<LoraTextClassificationModel>,
                LoraClassParams<LoraTextClassificationModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS =
            ParamRows.of(ParamRows.BASE, ParamRows.TEXT, ParamRows.LABEL, ParamRows.PREDICTION, ParamRows.CLASSES);

    /** With a name of its own, and nothing learned: Spark looks at its params. */
    public LoraTextClassificationModel() {
        this(Identifiable$.MODULE$.randomUID("loraTextClassifier"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraTextClassificationModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new ClassifierTask();
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
    public static MLReader<LoraTextClassificationModel> read() {
        return new ModelFolder.Reader<>(LoraTextClassificationModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraTextClassificationModel load(String path) {
        return read().load(path);
    }
}
