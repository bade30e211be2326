/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.WineQuality;

/**
 * Runs a regression, a classification and a multi-label task with Tribuo trainers, with adapters and without, and prints
 * the figures. Trainings run side by side, one on a processor; that changes no figure.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, and optionally the tasks, of {@code
 * wine}, {@code banking77} and {@code clinc150} with commas between them, and the number of draws.
 */
public final class TribuoExample {

    private static final Logger TRIBUO = Logger.getLogger("org.tribuo");
    private static final int THREADS = Runtime.getRuntime().availableProcessors();
    private static final long SEED = 1;
    private static final String TASKS = "wine,banking77,clinc150";
    private static final int WINE_BASE_EPOCHS = 20;
    private static final int WINE_EPOCHS = 100;
    private static final int BANKING_EPOCHS = 16;
    private static final int CLINC_EPOCHS = 3;

    private final PrintStream out;
    private final Path data;
    private final Set<String> tasks;
    private final int draws;
    private final Pages pages;

    private TribuoExample(PrintStream out, Path data, Path folder, Set<String> tasks, int draws) {
        this.out = out;
        this.pages = new Pages(folder, this::print);
        this.data = data;
        this.tasks = tasks;
        this.draws = draws;
    }

    /**
     * Runs the tasks. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, tasks, draws
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        // Tribuo's trainers list all labels at every start.
        TRIBUO.setLevel(Level.WARNING);
        try {
            Path folder = Path.of(args[1]);
            Files.createDirectories(folder);
            Set<String> tasks = tasks(args.length > 2 ? args[2] : TASKS);
            int draws = args.length > 3 ? Integer.parseInt(args[3]) : 3;
            long start = System.nanoTime();
            List<Figure> figures = new TribuoExample(System.out, Path.of(args[0]), folder, tasks, draws).run();
            Figures all = new Figures(figures, (System.nanoTime() - start) / 1e9);
            System.out.printf(Locale.ROOT, "%n%s%n", all.table());
            all.write(folder.resolve("report.json"));
            System.out.printf(
                    Locale.ROOT,
                    "%.0f s; the figures are in %s%n",
                    all.seconds(),
                    folder.resolve("report.json").toAbsolutePath().normalize());
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-tribuo: " + e.getMessage());
            System.exit(1);
        }
    }

    private static Set<String> tasks(String names) {
        Set<String> tasks = new TreeSet<>(List.of(names.split(",")));
        if (!Set.of(TASKS.split(",")).containsAll(tasks)) {
            throw new IllegalArgumentException(
                    "tasks = \"" + names + "\"; expected one or more of " + TASKS + ", with commas between them.");
        }
        return tasks;
    }

    private List<Figure> run() throws IOException {
        List<Figure> figures = new ArrayList<>();
        if (tasks.contains("wine")) {
            WineQuality wine = new WineQuality(folder("wine-quality"));
            figures.addAll(
                    new WineTask(wine, WINE_BASE_EPOCHS, WINE_EPOCHS, this::print, pages::write).run(draws, SEED));
        }
        if (tasks.contains("banking77") || tasks.contains("clinc150")) {
            texts(figures);
        }
        return figures;
    }

    private void texts(List<Figure> figures) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (Encoder encoder = new Encoder()) {
            List<Future<BankingTask.Draw>> banking = new ArrayList<>();
            if (tasks.contains("banking77")) {
                BankingTask task = new BankingTask(
                        new Banking77(folder("banking77")), encoder, BANKING_EPOCHS, this::print, pages);
                for (int draw = 0; draw < draws; draw++) {
                    task.encode(SEED + draw);
                }
                for (int draw = 0; draw < draws; draw++) {
                    long seed = SEED + draw;
                    boolean first = draw == 0;
                    banking.add(threads.submit(() -> task.draw(seed, first)));
                }
            }
            List<BankingTask.Draw> done = new ArrayList<>();
            for (Future<BankingTask.Draw> draw : banking) {
                done.add(result(draw));
            }
            if (!done.isEmpty()) {
                figures.addAll(BankingTask.figures(done));
            }
            if (tasks.contains("clinc150")) {
                ClincTask task = new ClincTask(
                        new Clinc150(folder("clinc150")), encoder, CLINC_EPOCHS, SEED, this::print, pages);
                figures.addAll(task.run(SEED));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted; expected to run to the end", e);
        }
    }

    private Path folder(String name) throws IOException {
        Path folder = data.resolve(name);
        if (!Files.isDirectory(folder)) {
            throw new IOException("no data set " + folder.toAbsolutePath().normalize()
                    + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has data/"
                    + name);
        }
        return folder;
    }

    private synchronized void print(String line) {
        out.println(line);
    }
}
