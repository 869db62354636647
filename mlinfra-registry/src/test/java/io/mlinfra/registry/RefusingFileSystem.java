package io.mlinfra.registry;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AccessMode;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;

/** The files of another file system, seen through one that cannot do something. */
final class RefusingFileSystem extends FileSystem {
  /** What a file system may lack. */
  enum Lack {
    WRITING,
    FILE_CHANNELS,
    ATOMIC_MOVES
  }

  private final FileSystem real;
  private final Lack lack;
  private final FileSystemProvider provider = new Provider();

  private RefusingFileSystem(FileSystem real, Lack lack) {
    this.real = real;
    this.lack = lack;
  }

  /** The same file, seen through such a file system. */
  static Path over(Path path, Lack lack) {
    return new RefusingFileSystem(path.getFileSystem(), lack).wrap(path);
  }

  /** A path is an interface, so that one method can stand for its two dozen. */
  private Path wrap(Path path) {
    return (Path)
        Proxy.newProxyInstance(
            Path.class.getClassLoader(),
            new Class<?>[] {Path.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getFileSystem")) {
                return this;
              }
              if (method.getName().equals("equals")) {
                return isOurs(arguments[0]) && path.equals(unwrap((Path) arguments[0]));
              }
              return wrapped(invoke(method, path, arguments));
            });
  }

  private Object wrapped(Object result) {
    if (result instanceof Path path) {
      return wrap(path);
    }
    if (result instanceof Iterator<?> parts) {
      List<Object> all = new ArrayList<>();
      parts.forEachRemaining(part -> all.add(wrapped(part)));
      return all.iterator();
    }
    return result;
  }

  private Object invoke(Method method, Path path, Object[] arguments) throws Throwable {
    try {
      return method.invoke(
          path,
          arguments == null
              ? null
              : Arrays.stream(arguments)
                  .map(argument -> isOurs(argument) ? unwrap((Path) argument) : argument)
                  .toArray());
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static boolean isOurs(Object object) {
    return object instanceof Path path && path.getFileSystem() instanceof RefusingFileSystem;
  }

  private Path unwrap(Path path) {
    return real.getPath(path.toString());
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() {}

  @Override
  public boolean isOpen() {
    return real.isOpen();
  }

  @Override
  public boolean isReadOnly() {
    return lack == Lack.WRITING;
  }

  @Override
  public String getSeparator() {
    return real.getSeparator();
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return StreamSupport.stream(real.getRootDirectories().spliterator(), false)
        .map(this::wrap)
        .toList();
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return real.getFileStores();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return real.supportedFileAttributeViews();
  }

  @Override
  public Path getPath(String first, String... more) {
    return wrap(real.getPath(first, more));
  }

  @Override
  public PathMatcher getPathMatcher(String pattern) {
    PathMatcher matcher = real.getPathMatcher(pattern);
    return path -> matcher.matches(unwrap(path));
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    return real.getUserPrincipalLookupService();
  }

  @Override
  public WatchService newWatchService() throws IOException {
    return real.newWatchService();
  }

  private final class Provider extends FileSystemProvider {
    private void requireWritable() {
      if (lack == Lack.WRITING) {
        throw new ReadOnlyFileSystemException();
      }
    }

    private void requireWritable(Set<? extends OpenOption> options) {
      if (options.contains(StandardOpenOption.WRITE)
          || options.contains(StandardOpenOption.APPEND)) {
        requireWritable();
      }
    }

    @Override
    public String getScheme() {
      return "refusing";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Path getPath(URI uri) {
      throw new UnsupportedOperationException();
    }

    @Override
    public SeekableByteChannel newByteChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      requireWritable(options);
      return real.provider().newByteChannel(unwrap(path), options, attributes);
    }

    @Override
    public FileChannel newFileChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      requireWritable(options);
      return lack == Lack.FILE_CHANNELS
          ? super.newFileChannel(path, options, attributes)
          : real.provider().newFileChannel(unwrap(path), options, attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(
        Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
      DirectoryStream<Path> entries =
          real.provider().newDirectoryStream(unwrap(folder), path -> filter.accept(wrap(path)));
      return new DirectoryStream<>() {
        @Override
        public Iterator<Path> iterator() {
          return StreamSupport.stream(entries.spliterator(), false)
              .map(RefusingFileSystem.this::wrap)
              .iterator();
        }

        @Override
        public void close() throws IOException {
          entries.close();
        }
      };
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
      requireWritable();
      real.provider().createDirectory(unwrap(folder), attributes);
    }

    @Override
    public void delete(Path path) throws IOException {
      requireWritable();
      real.provider().delete(unwrap(path));
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
      requireWritable();
      real.provider().copy(unwrap(source), unwrap(target), options);
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
      requireWritable();
      if (lack == Lack.ATOMIC_MOVES && List.of(options).contains(StandardCopyOption.ATOMIC_MOVE)) {
        throw new AtomicMoveNotSupportedException(
            source.toString(), target.toString(), "this file system cannot");
      }
      real.provider().move(unwrap(source), unwrap(target), options);
    }

    @Override
    public boolean isSameFile(Path one, Path other) throws IOException {
      return real.provider().isSameFile(unwrap(one), unwrap(other));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
      return real.provider().isHidden(unwrap(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
      return real.provider().getFileStore(unwrap(path));
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
      if (lack == Lack.WRITING && List.of(modes).contains(AccessMode.WRITE)) {
        throw new AccessDeniedException(path.toString());
      }
      real.provider().checkAccess(unwrap(path), modes);
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(
        Path path, Class<V> type, LinkOption... options) {
      return real.provider().getFileAttributeView(unwrap(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(
        Path path, Class<A> type, LinkOption... options) throws IOException {
      return real.provider().readAttributes(unwrap(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
        throws IOException {
      return real.provider().readAttributes(unwrap(path), names, options);
    }

    @Override
    public void setAttribute(Path path, String name, Object value, LinkOption... options)
        throws IOException {
      requireWritable();
      real.provider().setAttribute(unwrap(path), name, value, options);
    }
  }
}
