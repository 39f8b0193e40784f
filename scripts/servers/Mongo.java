import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.ValueComparator;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ObjectDataType;

/**
 * A server that speaks MongoDB's protocol: Mongo PORT FILE [lazy] [oplog]. Of its own, mongo-java-server confirms a write when
 * it has it in memory, and writes its store a second later at most (with lazy, that is so here). Otherwise the store is given
 * to the system before the answer: what was confirmed is there after a kill -9. With oplog it has change streams, and keeps for
 * ever what was written.
 */
public final class Mongo {
    private static final Set<String> WRITES = Set.of("insert", "update", "delete", "findAndModify", "create", "createIndexes",
        "drop", "dropDatabase", "dropIndexes", "renameCollection");

    public static void main(String[] args) throws InterruptedException {
        List<String> wanted = Arrays.asList(args).subList(2, args.length);
        boolean lazy = wanted.contains("lazy");
        MVStore store = new MVStore.Builder().fileName(args[1]).autoCommitDisabled().open();
        store.setAutoCommitDelay(lazy ? 1000 : 0);
        H2Backend backend = new H2Backend(store) {
            @Override
            protected MongoDatabase openOrCreateDatabase(String name) {
                return new H2Database(name, store, getCursorRegistry()) {
                    @Override
                    protected Index<Object> openOrCreateUniqueIndex(String collection, String index, List<IndexKey> keys, boolean sparse) {
                        store.openMap(name + "." + collection + "._index_" + index, new MVMap.Builder<Object, Object>().keyType(new Keys()));
                        return super.openOrCreateUniqueIndex(collection, index, keys, sparse);
                    }

                    @Override
                    protected MongoCollection<Object> openOrCreateCollection(String collection, CollectionOptions options) {
                        store.openMap("databases." + name + "." + collection, new MVMap.Builder<Object, Object>().keyType(new Keys()));
                        return super.openOrCreateCollection(collection, options);
                    }
                };
            }

            @Override
            public Document handleMessage(MongoMessage message) {
                if (lazy || !WRITES.contains(message.getDocument().keySet().iterator().next())) {
                    return super.handleMessage(message);
                }
                // One at a time: what is given to the system must not have half of another write, such as a document without its
                // place in the index, which after a kill nobody finds and nobody can insert.
                synchronized (writing) {
                    Document answer = super.handleMessage(message);
                    getMvStore().commit();
                    return answer;
                }
            }

            private final Object writing = new Object();
        };
        // What it speaks is that of 3.6 by its own account, and drivers of today want no less than 4.4.
        backend.version(new MongoVersion() {
            @Override
            public List<Integer> getVersionArray() {
                return List.of(4, 4, 0);
            }

            @Override
            public int getWireVersion() {
                return 9;
            }
        });
        if (wanted.contains("oplog")) {
            backend.enableOplog();
        }
        MongoServer server = new MongoServer(backend);
        server.bind("127.0.0.1", Integer.parseInt(args[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        System.out.println("mongo listens at " + args[0]);
        new CountDownLatch(1).await();
    }

    /**
     * Keys in the order of their values; maps are opened with it before the server opens them. Of its own, H2 orders keys by their
     * serialized bytes, which are others once they have been read from the file: an _id of several fields was there, and not found.
     */
    private static final class Keys extends ObjectDataType {
        @Override
        public int compare(Object a, Object b) {
            if (!(a instanceof KeyValue k && b instanceof KeyValue l)) {
                return ValueComparator.ascWithoutListHandling().compare(a, b);
            }
            int order = Integer.compare(k.size(), l.size());
            for (int i = 0; order == 0 && i < k.size(); i++) {
                order = ValueComparator.ascWithoutListHandling().compare(k.get(i), l.get(i));
            }
            return order;
        }
    }
}
