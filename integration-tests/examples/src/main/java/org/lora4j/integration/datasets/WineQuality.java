/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tribuo.DataSource;
import org.tribuo.Example;
import org.tribuo.data.csv.CSVLoader;
import org.tribuo.datasource.ListDataSource;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;

/**
 * Portuguese vinho verde: eleven measurements of a wine, and the grade that tasters gave it (Cortez et al. 2009, Modeling
 * wine preferences by data mining from physicochemical properties). Rows that are there twice are kept once, as the same
 * wine would otherwise be learned and tested.
 */
public final class WineQuality {

    /** The names of the measurements, in the order of the file. */
    public static final List<String> FEATURES = List.of(
            "fixed acidity",
            "volatile acidity",
            "citric acid",
            "residual sugar",
            "chlorides",
            "free sulfur dioxide",
            "total sulfur dioxide",
            "density",
            "pH",
            "sulphates",
            "alcohol");

    private static final String TARGET = "quality";

    private final Path folder;

    /**
     * Names the files.
     *
     * @param folder where {@code winequality-red.csv} and {@code winequality-white.csv} are
     */
    public WineQuality(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads the red wines.
     *
     * @return 1,359 different ones, of the 1,599 in the file
     * @throws IOException if the file cannot be read
     */
    public DataSource<Regressor> red() throws IOException {
        return distinct("winequality-red.csv");
    }

    /**
     * Reads the white wines.
     *
     * @return 3,961 different ones, of the 4,898 in the file
     * @throws IOException if the file cannot be read
     */
    public DataSource<Regressor> white() throws IOException {
        return distinct("winequality-white.csv");
    }

    private DataSource<Regressor> distinct(String file) throws IOException {
        RegressionFactory factory = new RegressionFactory();
        List<Example<Regressor>> wines = new ArrayList<>();
        Set<List<Object>> seen = new HashSet<>();
        for (Example<Regressor> wine : new CSVLoader<>(';', factory).load(folder.resolve(file), TARGET)) {
            List<Object> row = new ArrayList<>();
            row.add(wine.getOutput().getValues()[0]);
            wine.forEach(feature -> row.add(feature.getValue()));
            if (seen.add(row)) {
                wines.add(wine);
            }
        }
        return new ListDataSource<>(wines, factory, new SimpleDataSourceProvenance(file + ", each row once", factory));
    }
}
