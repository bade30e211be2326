/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Gives vectors of texts; made by {@link LoraSentenceEncoder}. A new one gives those of the base as it is.
 *
 * @apiNote Status: experimental
 */
public final class LoraSentenceEncoderModel extends LoraSparkModel<LoraSentenceEncoderModel>
        implements LoraTextParams<LoraSentenceEncoderModel>, LoraVectorParams<LoraSentenceEncoderModel> {

    private static final long serialVersionUID = 1;

    private static final List<ParamRow> ROWS = ParamRows.of(ParamRows.BASE, ParamRows.TEXT, ParamRows.VECTOR);

    /** With a name of its own, and nothing learned: Spark looks at its params, or has the vectors of the base. */
    public LoraSentenceEncoderModel() {
        this(Identifiable$.MODULE$.randomUID("loraSentenceEncoder"));
    }

    /**
     * With a given name, and nothing learned.
     *
     * @param uid a name that no other stage has
     */
    public LoraSentenceEncoderModel(String uid) {
        super(uid, ROWS);
    }

    @Override
    RowTask<?, ?, ?> task() {
        return new SentenceTask();
    }

    @Override
    boolean worksWithoutFiles() {
        return true;
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return a reader
     */
    public static MLReader<LoraSentenceEncoderModel> read() {
        return new ModelFolder.Reader<>(LoraSentenceEncoderModel.class);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param path where it is
     * @return the model
     */
    public static LoraSentenceEncoderModel load(String path) {
        return read().load(path);
    }
}
